"""read_rtstruct_mask: contours on their slices, the IBSI phantom, a code for each fault and each doubt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from features.core.case import ReadRule
from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.dicom.series import read_dicom_series
from features.images.formats.nifti import read_nifti
from features.images.masks import rtstruct
from features.images.masks.rtstruct import read_rtstruct_mask
from tests.support.scans import image_series, save_rtstruct, square

IMAGE = Volume(np.zeros((8, 16, 16), np.int16), (1.0, 1.0, 2.5), (-8.0, -8.0, 0.0))


def _read(path: Path, roi: str = "GTV.*", frame: str = "") -> np.ndarray:
    return read_rtstruct_mask(path, IMAGE, roi, frame_of_reference=frame)[0]


def test_contours_fall_on_their_slices(tmp_path: Path) -> None:
    series = image_series()
    path = save_rtstruct(tmp_path, series, [(" gtv-1 ", [square(-4.5, -3.5, 0.5, 1.5, z) for z in (2.5, 7.6)])])
    mask = _read(path, "GTV-1", series[0].FrameOfReferenceUID)
    assert np.flatnonzero(mask.any(axis=(1, 2))).tolist() == [1, 3]
    assert mask[1, 5:10, 4:9].all()
    assert mask.sum() == 50


def test_oblique_image_is_filled_in_its_own_axes(tmp_path: Path) -> None:
    axes = np.array([(0.8, 0.6, 0.0), (0.0, 0.0, -1.0), (-0.6, 0.8, 0.0)])
    image = Volume(IMAGE.array, IMAGE.spacing_mm, (5.0, 6.0, 7.0), tuple(axes.T.reshape(-1)))
    corners = np.array([(1.5, 2.5, 10.0), (6.5, 2.5, 10.0), (6.5, 9.5, 10.0), (1.5, 9.5, 10.0)])
    path = save_rtstruct(tmp_path, image_series(), [("GTV", [corners @ axes + image.origin_mm])])
    mask = read_rtstruct_mask(path, image, "GTV")[0]
    assert mask[4, 3:10, 2:7].all()
    assert mask.sum() == 35


@pytest.mark.parametrize(
    ("code", "rois", "knobs"),
    [
        ("ROI_MISSING", [("Heart", ["in"])], {}),
        ("ROI_AMBIGUOUS", [("GTV-1", ["in"]), ("gtv-2", ["in"])], {}),
        ("ROI_EMPTY", [("GTV", [])], {}),
        ("RT_POINT", [("GTV", ["in"])], {"kind": "OPEN_PLANAR"}),
        ("RT_POINT", [("GTV", ["point"])], {"kind": "POINT"}),
        ("RT_POINT", [("GTV", ["line"])], {}),
        ("RT_POINT", [("GTV", ["in", "two"])], {}),
        ("RT_OFF_SLICE", [("GTV", ["between"])], {}),
        ("RT_OBLIQUE", [("GTV", ["sagittal"])], {}),
        ("RT_OUTSIDE", [("GTV", ["outside"])], {}),
        ("RT_OUTSIDE", [("GTV", ["partly"])], {}),
        ("RT_OUTSIDE", [("GTV", ["above"])], {}),
        ("FRAME_OF_REFERENCE", [("GTV", ["in"])], {"frame": "1.2.3.4"}),
    ],
)
def test_faulty_rtstruct_is_rejected(
    tmp_path: Path,
    code: str,
    rois: list,
    knobs: dict,
) -> None:
    shapes = {
        "in": square(-4, -4, 2, 2, 5.0),
        "point": [(0.0, 0.0, 5.0)],
        "line": [(0.0, 0.0, 5.0), (1.1, 2.2, 5.0), (2.2, 4.4, 5.0)],
        "two": [(0.0, 0.0, 7.5), (1.0, 0.0, 7.5)],
        "between": square(-4, -4, 2, 2, 5.7),
        "sagittal": [(0.0, -4, 2.5), (0.0, 2, 2.5), (0.0, 2, 7.5), (0.0, -4, 7.5)],
        "outside": square(996, -4, 1002, 2, 5.0),
        "partly": square(4, -4, 9, 2, 5.0),
        "above": square(-4, -4, 2, 2, 25.0),
    }
    series = image_series()
    path = save_rtstruct(tmp_path, series, [(name, [shapes[word] for word in words]) for name, words in rois], **knobs)
    with pytest.raises(Rejected) as caught:
        _read(path, frame=series[0].FrameOfReferenceUID)
    assert caught.value.code == code
    assert "GTV" not in str(caught.value.details)


def test_a_number_that_no_place_has_is_outside(tmp_path: Path) -> None:
    path = save_rtstruct(tmp_path, image_series(), [("GTV", [square(-4, -4, 9999999.0, 2, 5.0)])])
    path.write_bytes(path.read_bytes().replace(b"9999999.000000", b"9.9999999e+307"))
    with pytest.raises(Rejected, match="RT_OUTSIDE: a contour lies over a kilometre away"):
        _read(path)


def test_contour_a_hair_outside_is_accepted(tmp_path: Path) -> None:
    path = save_rtstruct(tmp_path, image_series(), [("GTV", [square(-4, -4, 7.505, 2, 5.0)])])
    assert _read(path)[2, :, 15].any()


@pytest.mark.parametrize(
    ("code", "words", "knobs", "details", "voxels"),
    [
        (None, ["in", "next"], {}, {}, 72),
        (None, ["in", "hole"], {}, {}, 32),
        ("RT_SNAPPED", ["in", "near"], {}, {"contours": 1, "off_slice_mm": 0.2}, 72),
        ("RT_SKIPPED", ["in", "far"], {}, {"slices": 2, "slices_skipped": 2}, 72),
        ("RT_OVERLAP_ISLANDS", ["in", "across"], {}, {"slices": 1}, 54),
        (None, ["in", "across"], {"kind": "CLOSEDPLANAR_XOR"}, {}, 36),
        ("RT_STRAY", ["in", "point"], {}, {"contours": 1}, 36),
    ],
)
def test_odd_contours_are_used_with_a_warning(
    tmp_path: Path,
    code: str | None,
    words: list[str],
    knobs: dict,
    details: dict,
    voxels: int,
) -> None:
    shapes = {
        "in": square(-4, -4, 2, 2, 5.0),
        "next": square(-4, -4, 2, 2, 7.501),
        "near": square(-4, -4, 2, 2, 7.7),
        "far": square(-4, -4, 2, 2, 12.5),
        "hole": square(-2, -2, 0, 0, 5.0),
        "across": square(-1, -4, 5, 2, 5.0),
        "point": [(0.0, 0.0, 5.0)],
    }
    path = save_rtstruct(tmp_path, image_series(), [("GTV", [shapes[word] for word in words])], **knobs)
    mask, warnings = read_rtstruct_mask(path, IMAGE, "GTV")
    assert mask.sum() == voxels
    assert [(one.code, one.details) for one in warnings] == ([(code, details)] if code else [])


@pytest.mark.parametrize(("several", "voxels"), [("union", 56 + 36 - 24), ("largest", 56)])
def test_of_several_rois_the_rule_decides(tmp_path: Path, several: str, voxels: int) -> None:
    rois = [("GTV-1", [square(-4, -4, 2, 2, 5.0)]), ("gtv_2", [square(-2, -4, 6, 3, 5.0)])]
    path = save_rtstruct(tmp_path, image_series(), [*rois, ("GTVn", []), ("Heart", [square(0, 0, 1, 1, 5.0)])])
    rule = ReadRule(several=several)  # type: ignore[arg-type]
    mask, (warned,) = read_rtstruct_mask(path, IMAGE, "gtv.*", rule=rule)
    assert mask.sum() == voxels
    assert (warned.code, warned.details) == ("ROI_SEVERAL", {"matching": 2, "rule": several})


def test_an_roi_without_contours_is_no_candidate(tmp_path: Path) -> None:
    path = save_rtstruct(tmp_path, image_series(), [("GTV-1", []), ("GTV-2", [square(-4, -4, 2, 2, 5.0)])])
    assert read_rtstruct_mask(path, IMAGE, "GTV.*")[0].sum() == 36


def test_structure_sets_beyond_any_patient_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    series, contour = image_series(), square(-4, -4, 2, 2, 5.0)
    many = save_rtstruct(tmp_path, series, [(f"R{n}", []) for n in range(500)] + [("GTV", [contour])])
    with pytest.raises(Rejected, match="RT_HUGE"):
        _read(many)
    monkeypatch.setattr(rtstruct, "MOST_POINTS", 8)
    with pytest.raises(Rejected, match="RT_HUGE"):
        _read(save_rtstruct(tmp_path, series, [("GTV", [contour, contour])]))
    monkeypatch.setattr(rtstruct, "MOST_BYTES", 100)
    with pytest.raises(Rejected, match="RT_HUGE"):
        _read(save_rtstruct(tmp_path, series, [("GTV", [contour])]))


@pytest.mark.data
def test_ibsi_phantom_contours_equal_the_reference_mask(public_data: Callable, unpack: Callable) -> None:
    archive, nifti = public_data("ibsi1-ct-phantom/dicom.tar.gz"), public_data("ibsi1-ct-phantom/nifti")
    folder = unpack(archive)
    image = read_dicom_series(sorted(folder.glob("dicom/image/*.dcm")))
    mask = read_rtstruct_mask(next(folder.glob("dicom/mask/*.dcm")), image, "GTV-1")[0]
    reference = read_nifti(nifti / "mask.nii.gz")
    assert reference.matches(image, tolerance=1e-4)
    assert mask.sum() == 125_256
    np.testing.assert_array_equal(mask, reference.array == 1)
