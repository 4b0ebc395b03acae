"""fill_contours: the rule of centres, holes, keyholes, islands, and contours that partly cover each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from features.core.quarantine import Rejected
from features.images.masks import polygons
from features.images.masks.polygons import area, fill_contours, fill_slices, share_outside

SIDE = 20
FEW = settings(max_examples=40, deadline=None)


def _polygon(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, dtype=float)


def _box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    return _polygon((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def _fill(*shapes: np.ndarray) -> np.ndarray:
    """Even-odd."""
    return fill_slices({0: shapes}, (1, SIDE, SIDE))[0]


def _contours(*shapes: np.ndarray) -> np.ndarray:
    return fill_contours({0: shapes}, (1, SIDE, SIDE))[0][0]


def _disc(x: float, y: float, radius: float, points: int = 40) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


@pytest.mark.parametrize("offset", [0.0, 0.25, 0.5, 0.75])
def test_square_of_ten_is_a_hundred_voxels_wherever_it_lies(offset: float) -> None:
    assert _fill(_box(3 + offset, 3 + offset, 13 + offset, 13 + offset)).sum() == 100


@FEW
@given(st.floats(0, 1), st.floats(0, 1), st.floats(2, 6))
def test_a_shift_by_part_of_a_pixel_changes_no_more_than_the_rim(dx: float, dy: float, radius: float) -> None:
    disc = _disc(9, 9, radius)
    moved = _fill(disc + np.array([dx, dy]))
    assert abs(int(moved.sum()) - area(disc)) <= 2 * np.pi * radius / 2 + 2  # half of the pixels that the rim crosses
    inside, reached = _fill(_disc(9 + dx, 9 + dy, radius - 1)), _fill(_disc(9 + dx, 9 + dy, radius + 1))
    assert not (inside & ~moved).any()
    assert not (moved & ~reached).any()


@FEW
@given(st.integers(-3, 3), st.integers(-3, 3), st.floats(2, 6))
def test_a_shift_by_whole_pixels_shifts_the_mask(dx: int, dy: int, radius: float) -> None:
    disc = np.round(_disc(9, 9, radius) * 64) / 64  # so that sums are exact
    np.testing.assert_array_equal(_fill(disc + np.array([dx, dy])), np.roll(_fill(disc), (dy, dx), axis=(0, 1)))


def test_centre_on_an_edge_belongs_to_the_polygon_right_or_below() -> None:
    mask = _fill(_box(2, 2, 5, 5))
    assert mask[2:5, 2:5].all()
    assert mask.sum() == 9


@FEW
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=3, unique=True))
def test_triangles_that_share_an_edge_share_no_voxel(corner: list[tuple[int, int]]) -> None:
    triangle = np.array(corner, dtype=float)
    (ax, ay), (bx, by) = triangle[1] - triangle[0], triangle[2] - triangle[0]
    assume(abs(ax * by - ay * bx) > 1)
    middle = triangle.mean(axis=0)
    thirds = [np.array([triangle[i], triangle[(i + 1) % 3], middle]) for i in range(3)]
    whole = _fill(triangle)
    np.testing.assert_array_equal(np.sum([_fill(third) for third in thirds], axis=0), whole)
    np.testing.assert_array_equal(_contours(*thirds), whole)
    np.testing.assert_array_equal(_fill(triangle[::-1]), whole)


def test_slices_are_filled_together_as_each_by_itself() -> None:
    found = {k: [_disc(8 + k, 9, 3 + k / 4), _disc(7, 30 + k, 9)] for k in (1, 2, 5)}  # some reach beyond the image
    mask = fill_slices(found, (7, SIDE, SIDE))
    for k in range(7):
        np.testing.assert_array_equal(mask[k], _fill(*found[k]) if k in found else np.zeros((SIDE, SIDE), bool))
    assert not fill_slices({}, (2, 3, 3)).any()


def test_hole_is_left_out_and_island_inside_it_is_in() -> None:
    rings = [_box(1, 1, 13, 13), _box(3, 3, 11, 11), _box(5, 5, 7, 7)]
    mask, overlapping = fill_contours({0: rings}, (1, SIDE, SIDE))
    assert (mask.sum(), overlapping) == (144 - 64 + 4, 0)
    np.testing.assert_array_equal(mask[0], _contours(*rings[::-1]))


def test_keyhole_equals_separate_rings() -> None:
    keyhole = _polygon((1, 1), (13, 1), (13, 13), (1, 13), (1, 5), (4, 5), (4, 10), (10, 10), (10, 5), (1, 5))
    rings = _fill(_box(1, 1, 13, 13), _box(4, 5, 10, 10))
    np.testing.assert_array_equal(_fill(keyhole), rings)
    island = _contours(keyhole, _box(5, 6, 9, 9))  # in the keyhole's hole
    assert island.sum() == rings.sum() + 12


@FEW
@given(st.floats(3, 6), st.floats(3, 6), st.floats(1, 8))
def test_contours_that_partly_cover_each_other_are_united(first: float, second: float, apart: float) -> None:
    assume(abs(first - second) + 0.5 < apart < first + second - 0.5)
    discs = _disc(9, 9, first), _disc(9 + apart, 9, second)
    mask, overlapping = fill_contours({0: discs}, (1, SIDE, SIDE))
    np.testing.assert_array_equal(mask[0], _fill(discs[0]) | _fill(discs[1]))
    assert overlapping == 1


@FEW
@given(st.floats(4, 8), st.floats(0.3, 0.9), st.floats(-0.05, 0.05))
def test_a_contour_inside_another_one_is_a_hole(outer: float, share: float, shift: float) -> None:
    discs = _disc(9, 9, outer), _disc(9 + shift, 9, outer * share)
    mask, overlapping = fill_contours({0: discs}, (1, SIDE, SIDE))
    np.testing.assert_array_equal(mask[0], _fill(discs[0]) & ~_fill(discs[1]))
    assert overlapping == 0


def test_a_hole_that_sticks_out_by_a_hair_adds_nothing_outside() -> None:
    mask, overlapping = fill_contours({0: [_box(2, 2, 14, 14), _box(1.9, 4, 10, 10)]}, (1, SIDE, SIDE))
    np.testing.assert_array_equal(mask[0], _fill(_box(2, 2, 14, 14)) & ~_fill(_box(1.9, 4, 10, 10)))
    assert overlapping == 0


def test_a_contour_that_stands_twice_is_no_hole() -> None:
    mask, overlapping = fill_contours({0: [_disc(9, 9, 5), _disc(9, 9, 5)]}, (1, SIDE, SIDE))
    np.testing.assert_array_equal(mask[0], _fill(_disc(9, 9, 5)))
    assert overlapping == 1


def test_a_hole_of_two_united_contours_stays_a_hole() -> None:
    left, right, hole = _box(1, 1, 12, 12), _box(4, 2, 18, 12), _box(6, 4, 9, 8)
    np.testing.assert_array_equal(_contours(left, right, hole), (_fill(left) | _fill(right)) & ~_fill(hole))


def test_contours_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [_box(2 + n / 10, 2, 4 + n / 10, 4) for n in range(6)]  # 15 pairs
    monkeypatch.setattr(polygons, "MOST_PAIRS", 15)
    assert fill_contours({0: many}, (1, SIDE, SIDE))[1] == 1
    monkeypatch.setattr(polygons, "MOST_PAIRS", 14)
    with pytest.raises(Rejected, match="RT_HUGE"):
        fill_contours({0: many}, (1, SIDE, SIDE))
    monkeypatch.setattr(polygons, "MOST_CONTOURS", 5)
    with pytest.raises(Rejected, match="RT_HUGE: a slice"):
        fill_contours({0: many}, (1, SIDE, SIDE))


def test_share_outside_is_of_area_and_voxels_reach_half_a_pixel() -> None:
    assert share_outside(_box(-0.5, 2, 9.5, 4), 10, 10) == 0
    assert share_outside(_box(-1.5, 2, 8.5, 4), 10, 10) == pytest.approx(0.1)
    assert share_outside(_box(20, 2, 30, 4), 10, 10) == 1
