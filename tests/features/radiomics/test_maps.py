"""Feature maps: pyradiomics' voxel-based values from the same parameter file, and laws that need no other software."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import yaml

from features.core.errors import RadweaveError
from features.core.progress import watched_by
from features.core.quarantine import Rejected
from features.core.region import Region, Volume
from features.radiomics.dialects.pyradiomics import FEATURES, OF_SHAPE
from features.radiomics.dialects.roi import Roi
from features.radiomics.dialects.settings import Settings
from features.radiomics.extraction import prepare
from features.radiomics.families.family import FAMILIES
from features.radiomics.maps import Maps, feature_maps, map_region, names_of_maps
from features.radiomics.parameters import load_parameters
from features.radiomics.voxelwise.compute import KERNELS
from features.radiomics.voxelwise.window import Window

SPACING = (1.0, 1.5, 2.0)
ALL = dict.fromkeys(KERNELS)
NEEDS_TWO_LEVELS = {f"original_glcm_{name}" for name in ("Correlation", "Imc1", "Imc2", "MCC")}


def _ellipsoid() -> np.ndarray:
    z, y, x = np.indices((7, 9, 10))
    return ((z - 3) / 2.5) ** 2 + ((y - 4) / 3.5) ** 2 + ((x - 4.5) / 4) ** 2 <= 1


def _corner() -> np.ndarray:
    """A box in a corner of the image."""
    mask = np.zeros((4, 6, 7), bool)
    mask[:3, :4, 2:] = True
    return mask


def _scattered() -> np.ndarray:
    """Voxels of which few have neighbours along every direction."""
    return np.random.default_rng(4).random((5, 6, 7)) < 0.3


def _region(mask: np.ndarray | None = None, highest: int = 90) -> Region:
    mask = _ellipsoid() if mask is None else mask
    array = np.random.default_rng(4).integers(0, highest, mask.shape).astype(np.int16)
    return Region(Volume(array, SPACING), mask)


def _ours(region: Region, path: Path) -> dict[str, np.ndarray]:
    parameters = load_parameters(path)
    steps, plan = prepare(region.volume, Volume(region.mask.astype(np.uint8), SPACING), parameters)
    found = {}
    for image, maps in map_region(steps.region, plan, parameters.window, outside=parameters.outside):
        assert isinstance(maps, Maps)
        found |= {f"{image}_{name}": maps[name] for name in maps}
    assert list(found) == names_of_maps(plan)
    return found


def _theirs(region: Region, path: Path, outside: float) -> dict[str, np.ndarray]:
    import SimpleITK as sitk
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    logging.getLogger("radiomics").setLevel(logging.CRITICAL)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        images = [sitk.GetImageFromArray(a) for a in (region.volume.array, region.mask.astype(np.uint8))]
        for image in images:
            image.SetSpacing(SPACING)
        found = RadiomicsFeatureExtractor(str(path)).execute(*images, voxelBased=True)
    grid, nearest = sitk.Transform(), sitk.sitkNearestNeighbor
    maps = {name: one for name, one in found.items() if isinstance(one, sitk.Image)}
    return {
        name: sitk.GetArrayFromImage(sitk.Resample(one, images[1], grid, nearest, outside))
        for name, one in maps.items()
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mask", "setting", "voxels"),
    [
        (_ellipsoid(), {}, {}),
        (_ellipsoid(), {}, {"kernelRadius": 2, "voxelBatch": 50}),
        (_corner(), {}, {"kernelRadius": 2}),
        (_corner(), {}, {"maskedKernel": False, "initValue": -3.5}),
        (_ellipsoid(), {"binWidth": 9}, {"kernelRadius": 2, "maskedKernel": False}),
        (_corner(), {"force2D": True}, {"maskedKernel": False}),
        (_ellipsoid(), {"force2D": True, "force2Ddimension": 1}, {"kernelRadius": 2}),
        (_scattered(), {}, {}),
        (_ellipsoid(), {"weightingNorm": "euclidean", "symmetricalGLCM": False, "distances": [1, 2]}, {}),
        (_ellipsoid(), {"binCount": 6, "distances": [2], "gldm_a": 1, "voxelArrayShift": 100}, {"kernelRadius": 2}),
        (_ellipsoid(), {"symmetricalGLCM": False}, {}),
    ],
)
def test_a_parameter_file_gives_the_maps_of_pyradiomics(
    tmp_path: Path, mask: np.ndarray, setting: Mapping[str, object], voxels: Mapping[str, object]
) -> None:
    path = tmp_path / "param.yaml"
    whole = {"setting": {"additionalInfo": False, **setting}, "imageType": {"Original": {}}, "featureClass": ALL}
    path.write_text(yaml.safe_dump({**whole, "voxelSetting": dict(voxels)}))
    region, outside = _region(mask), float(str(voxels.get("initValue", 0)))
    found, expected = _ours(region, path), _theirs(region, path, outside)
    assert set(found) == set(expected)
    for name, values in found.items():
        np.testing.assert_array_equal(values[~mask], outside)
        inside, reference = values[mask], expected[name][mask]
        if name == "original_glcm_MCC" and (reference == outside).all():
            continue  # pyradiomics has none if some voxel has no pair along some direction
        known, theirs = np.isfinite(inside), np.isfinite(reference)
        assert (known | ~theirs).all() or (name in NEEDS_TWO_LEVELS and known.mean() > 0.9), name
        if name == "original_glcm_JointAverage":
            known &= theirs  # NaN there, for the same reason; SumAverage is twice of it
        np.testing.assert_allclose(inside[known], reference[known], rtol=1e-7, atol=1e-8, err_msg=name)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(symmetrical=False, distances=(1, 2), dependence=1),
        Settings(weighting="euclidean", flat=True),
        Settings(bin_width=2.0, array_shift=50),
    ],
)
@pytest.mark.parametrize("mask", [_corner(), _scattered()])
def test_surroundings_that_hold_the_whole_roi_have_its_features(settings: Settings, mask: np.ndarray) -> None:
    region = _region(mask[:3, :4, :5])
    image = np.ascontiguousarray(region.volume.array, np.float64)
    roi = Roi(image, np.ascontiguousarray(region.mask), SPACING, settings)
    if settings.flat:
        one = np.zeros_like(region.mask)
        one[1] = region.mask[1]
        region = Region(region.volume, one)
        roi = Roi(image, one, SPACING, settings)
    found = feature_maps(region, ALL, settings, Window(radius=4))
    for kind in KERNELS:
        expected = FAMILIES.parse(kind).by_pyradiomics(roi)
        for name in (name for name in found if name.startswith(f"{kind}_")):
            values, value = found.of_voxels[name], expected[name.removeprefix(f"{kind}_")]
            np.testing.assert_allclose(values, value, rtol=1e-9, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("window", [Window(2, batch=1), Window(2, batch=7, threads=3)])
def test_batches_and_threads_change_no_bit(window: Window) -> None:
    region = _region()
    found, expected = (feature_maps(region, ALL, Settings(), one) for one in (window, Window(2)))
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_one_grey_level_leaves_undefined_what_needs_two() -> None:
    region = Region(Volume(np.full((3, 4, 5), 7.0), SPACING), np.ones((3, 4, 5), bool))
    found = feature_maps(region, ALL, Settings())
    undefined = {name for name in found if np.isnan(found[name]).all()}
    assert undefined == {
        "firstorder_Skewness",
        "firstorder_Kurtosis",
        *(name.removeprefix("original_") for name in NEEDS_TWO_LEVELS),
    }
    assert not any(np.isnan(found[name]).any() for name in found if name not in undefined)


def test_a_voxel_alone_has_no_pairs_and_no_lines() -> None:
    mask = np.zeros((3, 3, 3), bool)
    mask[1, 1, 1] = True
    found = feature_maps(_region(mask), ALL, Settings())
    undefined = {name for name in found if np.isnan(found[name][1, 1, 1])}
    textures = {name for name in found if name.startswith(("glcm", "glrlm"))}
    assert undefined == textures | {"firstorder_Skewness", "firstorder_Kurtosis"}
    assert found["ngtdm_Coarseness"][1, 1, 1] == 1e6
    assert found["glszm_ZonePercentage"][1, 1, 1] == 1
    assert not found["firstorder_Mean"][~mask].any()


def _means(region: Region, reach: tuple[int, ...]) -> np.ndarray:
    """Mean of the ROI's voxels round each voxel, by hand."""
    found = np.full(region.mask.shape, -1.0)
    for place in np.argwhere(region.mask):
        part = tuple(slice(max(at - far, 0), at + far + 1) for at, far in zip(place, reach, strict=True))
        found[tuple(place)] = region.volume.array[part][region.mask[part]].mean()
    return found


BY_X = {"flat": True, "flat_axis": 2}


@pytest.mark.parametrize(("settings", "reach"), [({}, (2, 2, 2)), ({"flat": True}, (0, 2, 2)), (BY_X, (2, 2, 0))])
def test_a_mean_is_that_of_the_roi_round_the_voxel(settings: dict, reach: tuple[int, ...]) -> None:
    region = _region()
    found = feature_maps(region, {"firstorder": ("Mean",)}, Settings(**settings), Window(radius=2), outside=-1.0)
    assert list(found) == ["firstorder_Mean"]
    np.testing.assert_allclose(found["firstorder_Mean"], _means(region, reach))


def test_images_that_a_filter_refuses_leave_the_others(tmp_path: Path) -> None:
    path = tmp_path / "param.yaml"
    path.write_text(
        "imageType: {Original: {}, LoG: {sigma: [1]}, Square: {}}\nfeatureClass: {firstorder: [Mean], shape:}\n"
    )
    parameters, region = load_parameters(path), _region(_corner())
    told: list[tuple[str, int, int]] = []
    with watched_by(lambda *one: told.append(one)):
        found = dict(
            map_region(Region(Volume(region.volume.array[:3], SPACING), region.mask[:3]), parameters.plan, Window())
        )
    refused = found.pop("log-sigma-1-mm-3D")
    assert isinstance(refused, Rejected)
    assert refused.code == "FILTER_SIZE"
    assert {name: list(maps) for name, maps in found.items()} == {
        "original": ["firstorder_Mean"],
        "square": ["firstorder_Mean"],
    }
    assert told[-1] == ("voxels", 180, 180)


def test_what_is_not_finite_round_the_roi_counts_where_it_is_measured() -> None:
    region = _region(_corner())
    array = region.volume.array.astype(np.float64)
    array[3] = np.nan
    region = Region(Volume(array, SPACING), region.mask)
    assert np.isfinite(feature_maps(region, {"firstorder": ("Mean",)}, Settings())["firstorder_Mean"]).all()
    with pytest.raises(Rejected, match="NAN_IN_ROI"):
        feature_maps(region, {"firstorder": ("Mean",)}, Settings(), Window(masked=False))


def test_unknown_names_are_told() -> None:
    with pytest.raises(RadweaveError, match='there are no maps of "shape"; allowed: .*firstorder'):
        feature_maps(_region(), {"shape": None}, Settings())
    with pytest.raises(RadweaveError, match='glcm has no feature "Contrst"; it has .* Did you mean "Contrast"'):
        feature_maps(_region(), {"glcm": ("Contrst",)}, Settings())


def test_a_family_that_has_maps_has_them_of_all_its_features() -> None:
    assert set(KERNELS) <= FEATURES.keys() - OF_SHAPE
    for kind, kernel in KERNELS.items():
        assert {feature.name for feature in FEATURES[kind]} == set(kernel.names) - {""}
