"""sample_view: the square around the ROI in the slice where it is largest."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.core.region import Region, Volume
from features.deep.sampling import View, sample_view

WINDOW = (-100.0, 100.0)
MakeRegion = Callable[..., Region]


def _numbered(mask: np.ndarray) -> Region:
    """Every voxel holds its own number, the window maps it to [0, 1]."""
    return Region(Volume(np.arange(mask.size, dtype=float).reshape(mask.shape), (1.0, 1.0, 1.0)), mask)


def test_patch_is_a_square_of_three_channels_in_the_window(make_region: MakeRegion) -> None:
    patch = sample_view(make_region(), "largest", WINDOW)
    assert patch.shape == (3, 18, 18)  # ROI 8 × 12: side ceil(1.5 × 11 + 1)
    assert patch.dtype == np.float32
    assert patch.min() == 0.0
    assert patch.max() == 1.0
    assert (patch[0] == patch[1]).all()
    assert (patch[0] == patch[2]).all()


def test_patch_holds_the_whole_roi_and_its_surroundings() -> None:
    mask = np.zeros((3, 20, 20), bool)
    mask[1, 8:13, 9:12] = True
    region = _numbered(mask)
    patch = sample_view(region, "largest", (0.0, float(mask.size)))
    shown = set(np.rint(patch[0] * mask.size).astype(int).ravel())
    assert set(region.values.astype(int)) <= shown
    assert patch.shape[1] == 7
    assert len(shown) == 49


def test_window_is_mapped_linearly_and_clipped() -> None:
    mask = np.ones((1, 2, 2), bool)
    array = np.array([[[-500.0, -100.0], [0.0, 900.0]]])
    patch = sample_view(Region(Volume(array, (1.0, 1.0, 1.0)), mask), "largest", WINDOW)
    assert sorted(np.unique(patch).tolist()) == [0.0, 0.5, 1.0]


def test_adjacent_shows_the_slices_below_and_above(make_region: MakeRegion) -> None:
    region = make_region((slice(3, 4), slice(10, 18), slice(8, 20)))
    patch = sample_view(region, "adjacent", WINDOW)
    for channel, z in enumerate((2, 3, 4)):
        only = Region(region.volume, np.roll(region.mask, z - 3, axis=0))
        np.testing.assert_array_equal(patch[channel], sample_view(only, "largest", WINDOW)[0])


@pytest.mark.parametrize(("z", "same"), [(0, (0, 1)), (7, (1, 2))])
def test_the_outermost_slice_is_repeated_at_the_end_of_the_stack(
    make_region: MakeRegion, z: int, same: tuple[int, int]
) -> None:
    patch = sample_view(make_region((slice(z, z + 1), slice(10, 18), slice(8, 20))), "adjacent", WINDOW)
    np.testing.assert_array_equal(patch[same[0]], patch[same[1]])
    assert not (patch[0] == patch[2]).all()


def test_a_single_slice_is_shown_three_times(make_region: MakeRegion) -> None:
    region = make_region((slice(0, 1), slice(10, 18), slice(8, 20)), shape=(1, 30, 32))
    np.testing.assert_array_equal(sample_view(region, "adjacent", WINDOW), sample_view(region, "largest", WINDOW))


def test_a_tie_goes_to_the_lowest_slice(make_region: MakeRegion) -> None:
    region = make_region((slice(2, 5), slice(10, 18), slice(8, 20)))
    lowest = make_region((slice(2, 3), slice(10, 18), slice(8, 20)))
    np.testing.assert_array_equal(sample_view(region, "largest", WINDOW), sample_view(lowest, "largest", WINDOW))


def test_the_largest_slice_is_taken(make_region: MakeRegion) -> None:
    region = make_region((slice(2, 5), slice(10, 18), slice(8, 20)))
    region.mask[4, 18, 8:20] = True
    alone = Region(region.volume, np.where(np.arange(8)[:, None, None] == 4, region.mask, False))
    np.testing.assert_array_equal(sample_view(region, "largest", WINDOW), sample_view(alone, "largest", WINDOW))


@pytest.mark.parametrize(
    "box",
    [
        (slice(0, 8), slice(0, 5), slice(0, 6)),
        (slice(2, 3), slice(25, 30), slice(26, 32)),
        (slice(0, 8), slice(0, 30), slice(0, 32)),
    ],
    ids=["low", "high", "all"],
)
def test_at_the_border_the_rest_is_the_window_s_floor(make_region: MakeRegion, box: tuple[slice, slice, slice]) -> None:
    region = make_region(box)
    region.volume.array[:] = 100.0
    patch = sample_view(region, "largest", WINDOW)
    shown = int((patch[0] == 1.0).sum())
    assert shown >= region.mask[box[0].start].sum()
    assert shown < patch[0].size
    assert set(np.unique(patch)) == {0.0, 1.0}


@pytest.mark.parametrize("height", [3, 4, 5, 6, 7, 8])
def test_the_roi_stands_in_the_middle(height: int) -> None:
    mask = np.zeros((1, 40, 40), bool)
    mask[0, 10 : 10 + height, 20 : 20 + height] = True
    patch = sample_view(Region(Volume(mask.astype(float), (1.0, 1.0, 1.0)), mask), "largest", (0.0, 1.0))
    rows, columns = np.nonzero(patch[0])
    for found in (rows, columns):
        before, after = found.min(), patch.shape[1] - 1 - found.max()
        assert before - after in (0, 1)


def test_a_single_voxel_is_enough(make_region: MakeRegion) -> None:
    patch = sample_view(make_region((slice(2, 3), slice(4, 5), slice(4, 5))), "largest", WINDOW)
    assert patch.shape == (3, 1, 1)


def test_nan_around_the_roi_becomes_the_window_s_floor(make_region: MakeRegion) -> None:
    region = make_region()
    region.volume.array[:, :10] = np.nan  # type: ignore[call-overload]
    patch = sample_view(region, "adjacent", WINDOW)
    assert np.isfinite(patch).all()


@given(
    st.integers(0, 7),
    st.integers(0, 29),
    st.integers(0, 31),
    st.integers(1, 30),
    st.integers(1, 30),
    st.sampled_from(["largest", "adjacent"]),
)
def test_the_roi_is_inside_wherever_it_lies(z: int, y: int, x: int, height: int, width: int, view: View) -> None:
    mask = np.zeros((8, 30, 32), bool)
    mask[z, y : y + height, x : x + width] = True
    region = Region(Volume(np.where(mask, 1.0, 0.0), (1.0, 1.0, 1.0)), mask)
    patch = sample_view(region, view, (0.0, 1.0))
    assert patch.shape[1] == patch.shape[2]
    assert patch[1].sum() == mask.sum()
