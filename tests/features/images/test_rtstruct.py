"""read_rtstruct_mask: the rule of centres, holes and keyholes, the IBSI phantom, and a code for each fault."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.dicom import read_dicom_series
from features.images.nifti import read_nifti
from features.images.rtstruct import fill_polygons, read_rtstruct_mask

IMAGE = Volume(np.zeros((8, 16, 16), np.int16), (1.0, 1.0, 2.5), (-8.0, -8.0, 0.0))


def _polygon(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, dtype=float)


def _box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    return _polygon((x0, y0), (x1, y0), (x1, y1), (x0, y1))


@pytest.mark.parametrize("offset", [0.0, 0.25, 0.5, 0.75])
def test_square_of_ten_is_a_hundred_voxels_wherever_it_lies(offset: float) -> None:
    assert fill_polygons([_box(3 + offset, 3 + offset, 13 + offset, 13 + offset)], 20, 20).sum() == 100


def test_centre_on_an_edge_belongs_to_the_polygon_right_or_below() -> None:
    mask = fill_polygons([_box(2, 2, 5, 5)], 8, 8)
    assert mask[2:5, 2:5].all()
    assert mask.sum() == 9


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=3, unique=True))
def test_triangles_that_share_an_edge_share_no_voxel(corner: list[tuple[int, int]]) -> None:
    triangle = np.array(corner, dtype=float)
    (ax, ay), (bx, by) = triangle[1] - triangle[0], triangle[2] - triangle[0]
    assume(abs(ax * by - ay * bx) > 1)
    middle = triangle.mean(axis=0)
    parts = [fill_polygons([np.array([triangle[i], triangle[(i + 1) % 3], middle])], 14, 14) for i in range(3)]
    whole = fill_polygons([triangle], 14, 14)
    np.testing.assert_array_equal(np.sum(parts, axis=0), whole)
    np.testing.assert_array_equal(fill_polygons([triangle[::-1]], 14, 14), whole)


def test_hole_is_left_out_and_island_inside_it_is_in() -> None:
    mask = fill_polygons([_box(1, 1, 13, 13), _box(3, 3, 11, 11), _box(5, 5, 7, 7)], 16, 16)
    assert mask.sum() == 144 - 64 + 4


def test_keyhole_equals_separate_rings() -> None:
    keyhole = _polygon((1, 1), (13, 1), (13, 13), (1, 13), (1, 5), (4, 5), (4, 10), (10, 10), (10, 5), (1, 5))
    rings = fill_polygons([_box(1, 1, 13, 13), _box(4, 5, 10, 10)], 16, 16)
    np.testing.assert_array_equal(fill_polygons([keyhole], 16, 16), rings)


def test_two_hundred_contours_take_well_under_a_second() -> None:
    angle = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    contour = np.column_stack([256 + 90 * np.cos(angle), 256 + 90 * np.sin(angle)])
    start = time.perf_counter()
    masks = [fill_polygons([contour], 512, 512) for _ in range(200)]
    assert time.perf_counter() - start < 1.5
    assert masks[0].sum() == pytest.approx(np.pi * 90**2, rel=0.005)


def _read(path: Path, roi: str = "GTV.*", frame: str = "") -> np.ndarray:
    return read_rtstruct_mask(path, IMAGE, roi, frame_of_reference=frame)


def test_contours_fall_on_their_slices(
    tmp_path: Path, image_series: Callable, save_rtstruct: Callable, square: Callable
) -> None:
    series = image_series()
    path = save_rtstruct(tmp_path, series, [(" gtv-1 ", [square(-4.5, -3.5, 0.5, 1.5, z) for z in (2.5, 7.6)])])
    mask = _read(path, "GTV-1", series[0].FrameOfReferenceUID)
    assert np.flatnonzero(mask.any(axis=(1, 2))).tolist() == [1, 3]
    assert mask[1, 5:10, 4:9].all()
    assert mask.sum() == 50


def test_oblique_image_is_filled_in_its_own_axes(
    tmp_path: Path, image_series: Callable, save_rtstruct: Callable
) -> None:
    axes = np.array([(0.8, 0.6, 0.0), (0.0, 0.0, -1.0), (-0.6, 0.8, 0.0)])
    image = Volume(IMAGE.array, IMAGE.spacing_mm, (5.0, 6.0, 7.0), tuple(axes.T.reshape(-1)))
    corners = np.array([(1.5, 2.5, 10.0), (6.5, 2.5, 10.0), (6.5, 9.5, 10.0), (1.5, 9.5, 10.0)])
    path = save_rtstruct(tmp_path, image_series(), [("GTV", [corners @ axes + image.origin_mm])])
    mask = read_rtstruct_mask(path, image, "GTV")
    assert mask[4, 3:10, 2:7].all()
    assert mask.sum() == 35


@pytest.mark.parametrize(
    ("code", "rois", "knobs"),
    [
        ("ROI_MISSING", [("Heart", ["in"])], {}),
        ("ROI_AMBIGUOUS", [("GTV-1", ["in"]), ("gtv-2", ["in"])], {}),
        ("ROI_EMPTY", [("GTV", [])], {}),
        ("ROI_EMPTY", [("GTV", ["in"])], {"kind": "OPEN_PLANAR"}),
        ("ROI_EMPTY", [("GTV", ["point"])], {"kind": "POINT"}),
        ("RT_OFF_SLICE", [("GTV", ["between"])], {}),
        ("RT_OFF_SLICE", [("GTV", ["sagittal"])], {}),
        ("RT_OUTSIDE", [("GTV", ["outside"])], {}),
        ("RT_OUTSIDE", [("GTV", ["partly"])], {}),
        ("RT_OUTSIDE", [("GTV", ["above"])], {}),
        ("FRAME_OF_REFERENCE", [("GTV", ["in"])], {"frame": "1.2.3.4"}),
    ],
)
def test_faulty_rtstruct_is_rejected(
    tmp_path: Path,
    image_series: Callable,
    save_rtstruct: Callable,
    square: Callable,
    code: str,
    rois: list,
    knobs: dict,
) -> None:
    shapes = {
        "in": square(-4, -4, 2, 2, 5.0),
        "point": [(0.0, 0.0, 5.0)],
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


def test_contour_a_hair_outside_is_accepted(
    tmp_path: Path, image_series: Callable, save_rtstruct: Callable, square: Callable
) -> None:
    path = save_rtstruct(tmp_path, image_series(), [("GTV", [square(-4, -4, 7.505, 2, 5.0)])])
    assert _read(path)[2, :, 15].any()


@pytest.mark.data
def test_ibsi_phantom_contours_equal_the_reference_mask(public_data: Callable, unpack: Callable) -> None:
    archive, nifti = public_data("ibsi1-ct-phantom/dicom.tar.gz"), public_data("ibsi1-ct-phantom/nifti")
    folder = unpack(archive)
    image = read_dicom_series(sorted(folder.glob("dicom/image/*.dcm")))
    mask = read_rtstruct_mask(next(folder.glob("dicom/mask/*.dcm")), image, "GTV-1")
    reference = read_nifti(nifti / "mask.nii.gz")
    assert reference.matches(image, tolerance=1e-4)
    assert mask.sum() == 125_256
    np.testing.assert_array_equal(mask, reference.array == 1)
