"""read_region and check_region: image and mask on one grid, fit for use, and their facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.core.case import CaseId, FileSet, Scan
from features.core.kinds.extractor import EXTRACTORS
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected, Warned
from features.core.region import Region, Volume
from features.core.storage.table import Schema
from features.images import region as region_module
from features.images.prepare import prepare_region
from features.images.reading import Reading
from features.images.region import REGION_COLUMNS, check_region, read_region
from tests.support.scans import save_nifti, save_rtstruct, save_seg, save_series, square

ARRAY = np.random.default_rng(0).normal(50, 10, (10, 11, 12)).astype(np.float32)

# Extractors of images in any unit.
HANDCRAFTED = [
    kind for kind in EXTRACTORS.modules if (one := EXTRACTORS.load(kind)).block == "radiomics" and not one.units
]
RECIPE = {
    "name": "plain",
    "modality": "CT",
    "unit": "HU",
    "discretise": {"bin_width": 25},
    "extractors": [{"kind": "radweave"}],
}


def _labels() -> np.ndarray:
    labels = np.zeros(ARRAY.shape, np.int16)
    labels[2:6, 3:7, 4:9] = 1
    labels[7:9, 7:9, 2:4] = 2
    return labels


def _scan(image: tuple[Path, ...], mask: Path, formats: tuple[str, str], roi: str, unit: str = "arbitrary") -> Scan:
    modality = {"SUV": "PT", "HU": "CT"}.get(unit, "MR")
    files = FileSet(formats[0], image, "0"), FileSet(formats[1], (mask,), "1")
    return Scan(CaseId("demo", "p"), "A", modality, unit, files[0], files[1], roi)  # type: ignore[arg-type]


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_nifti_label_becomes_the_mask(tmp_path: Path, dtype: type) -> None:
    image, mask = save_nifti(tmp_path / "i.nii.gz", ARRAY), save_nifti(tmp_path / "m.nii.gz", _labels().astype(dtype))
    region = read_region(_scan((image,), mask, ("nifti", "nifti"), "1"))
    np.testing.assert_array_equal(region.mask, (_labels() == 1).T)
    assert check_region(region).facts["volume_ml"] == pytest.approx(80 * 6 / 1000)


@pytest.mark.parametrize(
    ("code", "label", "change"),
    [
        ("LABEL_ABSENT", "3", lambda labels: labels),
        ("MASK_EMPTY", "1", lambda labels: labels * 0),
        ("MASK_VALUES", "1", lambda labels: labels * np.float32(0.7)),
        ("GEOMETRY", "1", lambda labels: labels[:-1]),
    ],
)
def test_faulty_nifti_mask_is_rejected(tmp_path: Path, code: str, label: str, change: Callable) -> None:
    image, mask = save_nifti(tmp_path / "i.nii", ARRAY), save_nifti(tmp_path / "m.nii", change(_labels()))
    with pytest.raises(Rejected) as caught:
        read_region(_scan((image,), mask, ("nifti", "nifti"), label))
    assert caught.value.code == code


@pytest.mark.parametrize(("shift", "fine"), [(5e-5, True), (0.05, False)])
def test_mask_a_hair_off_is_snapped(tmp_path: Path, shift: float, fine: bool) -> None:
    affine = np.diag([1.0 + shift, 2, 3, 1])
    image, mask = save_nifti(tmp_path / "i.nii", ARRAY), save_nifti(tmp_path / "m.nii", _labels(), affine)
    scan = _scan((image,), mask, ("nifti", "nifti"), "1")
    if fine:
        assert read_region(scan).mask.sum() == 80
    else:
        with pytest.raises(Rejected, match="GEOMETRY"):
            read_region(scan)


def test_dicom_with_rtstruct_and_with_seg_give_one_mask(tmp_path: Path) -> None:
    paths, series = save_series(tmp_path / "ct")
    contours = [square(-4.5, -3.5, 0.5, 1.5, z) for z in (2.5, 5.0)]
    wanted = np.zeros((1, 8, 16, 16), bool)
    wanted[0, 1:3, 5:10, 4:9] = True
    struct = save_rtstruct(tmp_path, series, [("GTV", contours)])
    seg = save_seg(tmp_path, series, wanted, ["GTV"])
    for path, kind in ((struct, "rtstruct"), (seg, "seg")):
        region = read_region(_scan(tuple(paths), path, ("dicom", kind), "gtv", "HU"))
        np.testing.assert_array_equal(region.mask, wanted[0])
    facts = check_region(region).facts
    assert (facts["manufacturer"], facts["kernel"], facts["slice_thickness_mm"]) == ("SYNTH", "B30f", 2.5)


def test_contours_of_another_frame_are_rejected(tmp_path: Path) -> None:
    paths, series = save_series(tmp_path / "ct")
    struct = save_rtstruct(tmp_path, series, [("GTV", [square(-4, -4, 2, 2, 5.0)])], frame="1.2.3")
    with pytest.raises(Rejected, match="FRAME_OF_REFERENCE"):
        read_region(_scan(tuple(paths), struct, ("dicom", "rtstruct"), "GTV", "HU"))


def test_contour_between_the_centres_is_an_empty_mask(tmp_path: Path) -> None:
    paths, series = save_series(tmp_path / "ct")
    struct = save_rtstruct(tmp_path, series, [("GTV", [square(0.2, 0.2, 0.8, 0.8, 5.0)])])
    with pytest.raises(Rejected, match="MASK_EMPTY"):
        read_region(_scan(tuple(paths), struct, ("dicom", "rtstruct"), "GTV", "HU"))


@pytest.mark.parametrize(("units", "fine"), [("GML", True), ("CNTS", False)])
def test_pet_in_other_units_than_suv_is_rejected(tmp_path: Path, units: str, fine: bool) -> None:
    def edit(series: list) -> None:
        for ds in series:
            ds.Units = units

    values = np.random.default_rng(0).integers(0, 30, (8, 16, 16))
    paths, series = save_series(tmp_path / "pt", values, modality="PT", edit=edit)
    struct = save_rtstruct(tmp_path, series, [("GTV", [square(-4, -4, 2, 2, 5.0)])])
    scan = _scan(tuple(paths), struct, ("dicom", "rtstruct"), "GTV", "SUV")
    if fine:
        assert read_region(scan).mask.any()
    else:
        with pytest.raises(Rejected, match="PET_UNITS"):
            read_region(scan)


def _region(array: np.ndarray = ARRAY, box: tuple[slice, ...] = (slice(2, 6), slice(3, 7), slice(4, 9))) -> Region:
    mask = np.zeros(array.shape, bool)
    mask[box] = True
    return Region(Volume(array, (1.0, 2.0, 3.0)), mask)


def test_facts_are_those_of_the_mask() -> None:
    region = _region()
    region.mask[9, 10, 11] = True
    facts = check_region(region).facts
    values = ARRAY[region.mask].astype(float)
    assert list(facts) == [column.name for column in REGION_COLUMNS]
    assert facts["voxels"] == 81
    assert facts["components"] == 2
    assert facts["touches_border"] == 1
    assert facts["intensity_mean"] == pytest.approx(values.mean())
    assert facts["intensity_sd"] == pytest.approx(values.std())
    assert (facts["size_x"], facts["size_y"], facts["size_z"]) == (12, 11, 10)
    assert (facts["spacing_x_mm"], facts["spacing_y_mm"], facts["spacing_z_mm"]) == (1, 2, 3)
    assert (facts["manufacturer"], facts["kernel"]) == ("", "")
    assert np.isnan(facts["slice_thickness_mm"])
    assert check_region(_region()).facts["touches_border"] == 0
    assert Schema("region", REGION_COLUMNS).table([facts]).num_rows == 1


def test_only_the_volume_is_a_predictor() -> None:
    assert [column.name for column in REGION_COLUMNS if column.role == "predictor"] == ["volume_ml"]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_voxel_matters_only_inside_the_roi(bad: float) -> None:
    array = ARRAY.copy()
    array[0, 0, 0] = bad
    check_region(_region(array))
    array[3, 4, 5] = bad
    with pytest.raises(Rejected, match="NAN_IN_ROI"):
        check_region(_region(array))


@pytest.mark.parametrize(
    ("code", "array", "box"),
    [
        ("MASK_EMPTY", ARRAY, (slice(0, 0),) * 3),
        ("MASK_TINY", ARRAY, (slice(2, 4), slice(2, 4), slice(2, 8))),
        ("MASK_TINY", np.tile(ARRAY, (1, 1, 4)), (slice(2, 3), slice(2, 3), slice(2, 40))),
    ],
)
def test_unfit_region_is_rejected(code: str, array: np.ndarray, box: tuple[slice, ...]) -> None:
    with pytest.raises(Rejected) as caught:
        check_region(_region(array, box))
    assert caught.value.code == code


def _warned(region: Region, unit: str = "HU") -> dict[str, dict]:
    return {one.code: one.details for one in check_region(region, unit=unit).warnings}  # type: ignore[arg-type]


def test_an_ordinary_region_has_no_warning() -> None:
    assert _warned(_region()) == {}


def test_doubts_about_a_region_are_warnings() -> None:
    flat, air, metal, damaged = (ARRAY.copy() for _ in range(4))
    flat[2:6, 3:7, 4:9] = 7
    air -= 1000
    metal[2, 3, 4:6] = 3071
    damaged[0, 0, :2] = np.nan
    assert _warned(_region(flat)) == {"MASK_FLAT": {"intensity": 7.0}}
    assert list(_warned(_region(air))) == ["MASK_OUTSIDE_BODY"]
    assert _warned(_region(metal)) == {"DICOM_OVERFLOW": {"voxels": 2, "share": 0.025}}
    assert _warned(_region(damaged)) == {"NAN_OUTSIDE": {"voxels": 2}}
    assert _warned(_region(air), "SUV") == _warned(_region(metal), "arbitrary") == {}
    assert _warned(_region(ARRAY, np.s_[0:4, 3:7, 4:9])) == {"MASK_BORDER": {}}
    assert _warned(_region(np.tile(ARRAY[:1], (1, 2, 2)), np.s_[0:1, 3:12, 4:13])) == {}  # the one slice of an X-ray
    two = _region()
    two.mask[8, 8, 2:4] = True
    assert _warned(two) == {"MASK_MULTI": {"components": 2}}


def test_warnings_of_the_readers_come_first() -> None:
    told = Warned("RT_SKIPPED", "", {"slices_skipped": 1})
    region = replace(_region(ARRAY, np.s_[0:4, 3:7, 4:9]), warnings=(told,))
    assert [one.code for one in check_region(region).warnings] == ["RT_SKIPPED", "MASK_BORDER"]


def test_padding_is_left_out_of_the_mask_and_stays_in_the_outline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    array, left_out = ARRAY.copy(), 4
    array[2, 3, 4:8] = -2000
    image, mask = save_nifti(tmp_path / "i.nii", array), save_nifti(tmp_path / "m.nii", _labels())
    read = region_module.read_image(_scan((image,), mask, ("nifti", "nifti"), "1"))
    read = replace(read, padding=read.array == -2000)
    monkeypatch.setattr(Reading, "image", lambda *_: read)
    region = read_region(_scan((image,), mask, ("nifti", "nifti"), "1"))
    (warned,) = region.warnings
    assert (warned.code, warned.details) == ("DICOM_OVERFLOW", {"voxels": left_out, "share": left_out / 80})
    assert region.mask.sum() == 80 - left_out
    assert region.shape_mask.sum() == 80
    checked = check_region(region).facts
    assert (checked["voxels"], checked["volume_ml"]) == (80 - left_out, pytest.approx(80 * 6 / 1000))
    prepared = prepare_region(region, Recipe.model_validate(RECIPE))
    assert (prepared.mask.sum(), prepared.shape_mask.sum()) == (80 - left_out, 80)
    least = ARRAY.min()
    assert prepared.volume.array.min() >= least  # what is beyond the field of view goes on as its border is
    recipe = Recipe.model_validate({**RECIPE, "spacing_mm": (0.5, 1.0, 1.5)})
    finer, whole = prepare_region(region, recipe), prepare_region(Region(region.volume, region.shape_mask), recipe)
    assert finer.volume.array.min() >= least
    np.testing.assert_array_equal(finer.shape_mask, whole.mask)
    assert whole.mask.sum() - 12 * left_out <= finer.mask.sum() < whole.mask.sum()


def test_a_roi_of_padding_alone_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image, mask = save_nifti(tmp_path / "i.nii", np.full_like(ARRAY, -2000)), save_nifti(tmp_path / "m.nii", _labels())
    scan = _scan((image,), mask, ("nifti", "nifti"), "1")
    read = region_module.read_image(scan)
    read = replace(read, padding=np.ones(read.array.shape, bool))
    monkeypatch.setattr(Reading, "image", lambda *_: read)
    with pytest.raises(Rejected, match="MASK_EMPTY"):
        read_region(scan)


@pytest.mark.parametrize("kind", HANDCRAFTED)
def test_of_a_flat_roi_intensities_are_known_and_textures_are_not(kind: str) -> None:
    array = ARRAY.copy()
    array[2:6, 3:7, 4:9] = 7
    recipe = Recipe.model_validate({**RECIPE, "extractors": [{"kind": kind}]})
    found = recipe.extractors[0].extract(prepare_region(_region(array), recipe), recipe)
    families = {
        column.name: column.family for column in recipe.extractors[0].columns(recipe) if column.type != "string"
    }
    textures = [float(found[name]) for name, family in families.items() if family.startswith(("gl", "ng"))]
    assert np.isnan(textures).all()
    names = ("original_firstorder_Mean", "original_intensity_statistics_mean")
    assert {found[name] for name in names if name in found} <= {7.0}
