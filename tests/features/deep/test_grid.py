"""Axes of a region put where letters say, whatever way it is stored; the window."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from features.core.region import Region, Volume
from features.deep.grid import is_orientation, oriented

SPACING = (1.0, 2.0, 3.0)
STORED = [
    pytest.param(order, flips, id=f"{order}{flips}")
    for order in permutations(range(3))
    for flips in product((1, -1), repeat=3)
]


def _stored(region: Region, order: tuple[int, ...], flips: tuple[int, ...]) -> Region:
    """The same image with its axes (z, y, x) stored in another order, and backwards."""
    cut = tuple(slice(None, None, flip) for flip in flips)
    array, mask = (np.ascontiguousarray(one.transpose(order)[cut]) for one in (region.volume.array, region.mask))
    columns = np.array(region.volume.direction).reshape(3, 3).T  # directions of x, y, z
    axes = [2 - axis for axis in reversed(order)]  # x, y, z of the new array, in those of the old
    turned = [flip * columns[axis] for axis, flip in zip(axes, reversed(flips), strict=True)]
    spacing = tuple(region.volume.spacing_mm[axis] for axis in axes)
    direction = tuple(float(one) for one in np.array(turned).T.ravel())
    return Region(Volume(array, spacing, direction=direction), mask)  # type: ignore[arg-type]


def _tilted(degrees: float) -> tuple[float, ...]:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (1.0, 0.0, 0.0, 0.0, float(c), float(-s), 0.0, float(s), float(c))


def _region(direction: tuple[float, ...]) -> Region:
    mask = np.zeros((4, 5, 6), bool)
    mask[1:3, 2:5, 0:2] = True
    return Region(Volume(np.arange(120.0).reshape(mask.shape), SPACING, direction=direction), mask)


@pytest.mark.parametrize(("order", "flips"), STORED)
@pytest.mark.parametrize("degrees", [0, 30])
def test_letters_give_the_same_arrays_however_the_image_is_stored(
    order: tuple[int, ...], flips: tuple[int, ...], degrees: float
) -> None:
    region = _region(_tilted(degrees))
    grid = oriented(_stored(region, order, flips), "LPS")
    np.testing.assert_array_equal(grid.array, region.volume.array)
    np.testing.assert_array_equal(grid.roi, region.mask)
    assert grid.spacing_mm == SPACING
    assert grid.box == (slice(1, 3), slice(2, 5), slice(0, 2))


def test_letters_turn_an_image() -> None:
    region = _region(_tilted(0))
    grid = oriented(region, "RAS")
    np.testing.assert_array_equal(grid.array, region.volume.array[:, ::-1, ::-1])
    assert grid.box == (slice(1, 3), slice(0, 3), slice(4, 6))
    coronal = oriented(region, "LIP")
    np.testing.assert_array_equal(coronal.array, region.volume.array[::-1].transpose(1, 0, 2))
    assert coronal.spacing_mm == (1.0, 3.0, 2.0)
    assert coronal.roi[coronal.box].all() and coronal.roi.sum() == coronal.roi[coronal.box].size


def test_a_tilt_beyond_half_a_right_angle_exchanges_axes() -> None:
    near, far = oriented(_region(_tilted(44)), "LPS"), oriented(_region(_tilted(46)), "LPS")
    assert (near.spacing_mm, far.spacing_mm) == ((1.0, 2.0, 3.0), (1.0, 3.0, 2.0))


def test_letters_name_three_axes() -> None:
    assert all(is_orientation(one) for one in ("LPS", "RAS", "PIL"))
    assert not any(is_orientation(one) for one in ("", "LP", "LRS", "lps", "LPX", "LPSA"))


def test_the_window_is_mapped_linearly_and_cut() -> None:
    array = np.array([[[-500.0, -100.0, 0.0, 900.0, np.nan, np.inf, -np.inf]]])
    grid = oriented(Region(Volume(array, SPACING), np.array([[[1, 0, 1, 1, 1, 1, 1]]], bool)))
    whole = (slice(None),) * 3
    assert grid.windowed(whole, (-100.0, 100.0)).ravel().tolist() == [0, 0, 0.5, 1, 0, 1, 0]
    assert grid.windowed(whole, (-600.0, 100.0), masked=True).ravel()[1] == 0
