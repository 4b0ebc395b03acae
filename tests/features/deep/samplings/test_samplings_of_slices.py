"""largest, adjacent, slices and windows: squares in slices, on images whose pixels are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.core.kinds.recipe import Recipe
from features.core.kinds.sampling import SAMPLINGS, Shape
from features.core.quarantine import Rejected
from features.core.region import Region, Volume

MakeRegion = Callable[..., Region]
Arrays = Callable[..., np.ndarray]


def test_a_quarter_of_the_side_is_shown_all_round(shown: Arrays, box: Arrays, numbered: MakeRegion) -> None:
    mask = box((3, 20, 20), slice(1, 2), slice(8, 13), slice(9, 12))
    view = shown("largest", numbered(mask), size=(7, 7), window=(0.0, 1200.0))[0, 0] * 1200
    np.testing.assert_allclose(view, np.arange(1200).reshape(3, 20, 20)[1, 7:14, 7:14], atol=1e-3)


@pytest.mark.parametrize(
    ("settings", "rows", "columns"),
    [
        ({"margin": 0.0}, (8, 13), (8, 13)),
        ({"margin": 1.0}, (4, 17), (4, 17)),
        ({"margin_mm": 3.0}, (5, 16), (5, 16)),
    ],
)
def test_margins_are_shares_or_mm(
    shown: Arrays,
    box: Arrays,
    numbered: MakeRegion,
    settings: dict[str, float],
    rows: tuple[int, int],
    columns: tuple[int, int],
) -> None:
    mask = box((3, 20, 20), slice(1, 2), slice(8, 13), slice(9, 12))
    size = (rows[1] - rows[0], columns[1] - columns[0])
    view = shown({"kind": "largest", **settings}, numbered(mask), size=size, window=(0.0, 1200.0))[0, 0] * 1200
    there = np.arange(1200).reshape(3, 20, 20)[1, slice(*rows), slice(*columns)]
    np.testing.assert_allclose(view, there, atol=1e-3)


def test_two_margins_are_two_views(shown: Arrays, make_region: MakeRegion) -> None:
    both = shown({"kind": "adjacent", "margin": [0.1, 1.0]}, make_region(), size=(20, 20))
    for view, margin in zip(both, (0.1, 1.0), strict=True):
        alone = shown({"kind": "adjacent", "margin": margin}, make_region(), size=(20, 20))
        np.testing.assert_array_equal(view, alone[0])
    assert SAMPLINGS.parse({"kind": "adjacent", "margin": [0.1, 1.0]}).views == ("adjacent_10pc", "adjacent_100pc")
    assert SAMPLINGS.parse({"kind": "largest", "margin_mm": [2.5], "masked": True}).views == ("largest_2p5mm_masked",)
    assert SAMPLINGS.parse({"kind": "largest", "margin": 0.25}).views == ("largest",)


def test_adjacent_shows_slices_below_and_above(shown: Arrays, make_region: MakeRegion) -> None:
    region = make_region((slice(3, 4), slice(10, 18), slice(8, 20)))
    view = shown("adjacent", region, size=(18, 18))[0]
    for channel, z in enumerate((2, 3, 4)):
        only = Region(region.volume, np.roll(region.mask, z - 3, axis=0))
        np.testing.assert_array_equal(view[channel], shown("largest", only, size=(18, 18))[0, 0])


@pytest.mark.parametrize(
    ("settings", "places"),
    [
        ({"slices": 5}, (1, 2, 3, 4, 5)),
        ({"step": 2}, (1, 3, 5)),
        ({"step": 9}, (0, 3, 7)),
        ({"step_mm": 6.0}, (1, 3, 5)),
        ({"step_mm": 1.5}, (2.5, 3, 3.5)),
    ],
)
def test_steps_between_adjacent_slices_are_slices_or_mm(
    shown: Arrays, box: Arrays, settings: dict[str, Any], places: Sequence[float]
) -> None:
    mask = box((8, 9, 9), slice(3, 4), slice(4, 6), slice(4, 6))
    array = np.broadcast_to(np.arange(8.0)[:, None, None], mask.shape)
    region = Region(Volume(array, (1.0, 1.0, 3.0)), mask)
    view = shown({"kind": "adjacent", **settings}, region, size=(2, 2), window=(0.0, 8.0))
    np.testing.assert_allclose(view[0, :, 0, 0] * 8, places, atol=1e-5)


def test_a_tie_goes_to_the_lowest_slice_and_else_the_largest_is_taken(shown: Arrays, make_region: MakeRegion) -> None:
    region = make_region((slice(2, 5), slice(10, 18), slice(8, 20)))
    lowest = make_region((slice(2, 3), slice(10, 18), slice(8, 20)))
    np.testing.assert_array_equal(shown("largest", region, size=(18, 18)), shown("largest", lowest, size=(18, 18)))
    region.mask[4, 18, 8:20] = True
    alone = Region(region.volume, np.where(np.arange(8)[:, None, None] == 4, region.mask, False))
    np.testing.assert_array_equal(shown("largest", region, size=(18, 18)), shown("largest", alone, size=(18, 18)))


def test_slices_are_evenly_through_the_roi_in_one_square(shown: Arrays, box: Arrays, numbered: MakeRegion) -> None:
    mask = box((20, 20, 20), slice(4, 14), slice(5, 6), slice(5, 6))
    mask[13, 9, 9] = True  # the square is round all of the ROI
    region = numbered(mask)
    views = shown({"kind": "slices", "count": 5}, region, size=(7, 7), window=(0.0, 8000.0)) * 8000
    for view, z in zip(views[:, 0], (5, 7, 9, 11, 13), strict=True):
        np.testing.assert_allclose(view, region.volume.array[z, 4:11, 4:11], atol=2e-3)


def test_fewer_slices_than_asked_are_repeated(shown: Arrays, make_region: MakeRegion) -> None:
    views = shown({"kind": "slices", "count": 4}, make_region((slice(2, 4), slice(3, 9), slice(3, 9))), size=(8, 8))
    np.testing.assert_array_equal(views[0], views[1])
    np.testing.assert_array_equal(views[2], views[3])
    assert (views[1] != views[2]).any()


def test_windows_are_channels_whatever_the_recipe_s_window_is(shown: Arrays, make_region: MakeRegion) -> None:
    windows = [(-100.0, 100.0), (0.0, 40.0), (-800.0, 1000.0)]
    view = shown({"kind": "windows", "windows": windows}, make_region(), size=(16, 16), window=(5.0, 6.0))[0]
    for channel, window in zip(view, windows, strict=True):
        np.testing.assert_array_equal(channel, shown("largest", make_region(), size=(16, 16), window=window)[0, 0])


def test_slices_between_two_are_mixed_of_both(shown: Arrays, make_region: MakeRegion) -> None:
    region = make_region((slice(3, 4), slice(10, 18), slice(8, 20)))
    below, middle, above = shown("adjacent", region, size=(18, 18))[0]
    settings = {"kind": "windows", "windows": [[-100, 100]], "offsets": [-0.5, 0, 0.25]}
    views = shown(settings, region, size=(18, 18))[:, 0]
    for view, mixed in zip(views, (0.5 * below + 0.5 * middle, middle, 0.75 * middle + 0.25 * above), strict=True):
        np.testing.assert_allclose(view, mixed, atol=1e-6)
    assert SAMPLINGS.parse(settings).views == ("windows_m0p5", "windows_p0", "windows_p0p25")


def test_where_pixels_are_no_squares_the_picture_is(shown: Arrays) -> None:
    rows, columns = np.meshgrid(np.arange(40) - 20, np.arange(80) - 40, indexing="ij")
    disc = ((2 * rows) ** 2 + columns**2 < 20**2)[None]
    region = Region(Volume(disc.astype(float), (1.0, 2.0, 5.0)), disc)
    view = shown("largest", region, size=(60, 60), window=(0.0, 1.0))[0, 0] > 0.5
    height, width = np.ptp(np.nonzero(view), axis=1)
    assert abs(height - width) <= 2
    assert abs(width - 60 * 39 / 59.5) <= 2


@pytest.mark.parametrize(
    ("orientation", "down", "across"),
    [("axial", "back", "left"), ("coronal", "feet", "left"), ("sagittal", "feet", "back")],
)
def test_pictures_lie_as_radiologists_look_at_them(
    shown: Arrays, box: Arrays, orientation: str, down: str, across: str
) -> None:
    z, y, x = np.indices((30, 30, 30))
    mask = box((30, 30, 30), slice(10, 20), slice(10, 20), slice(10, 20))
    for name, ramp in {"left": x, "back": y, "feet": 29 - z}.items():
        region = Region(Volume(ramp.astype(float), (1.0, 1.0, 1.0)), mask)
        settings = {"kind": "largest", "orientation": orientation}
        view = shown(settings, region, size=(15, 15), window=(0.0, 30.0))[0, 0]
        assert np.diff(view, axis=0).mean() == pytest.approx(1 / 30 if name == down else 0, abs=1e-6)
        assert np.diff(view, axis=1).mean() == pytest.approx(1 / 30 if name == across else 0, abs=1e-6)


def test_images_have_one_scale_and_each_its_own_roi_in_the_middle(shown: Arrays, box: Arrays) -> None:
    fine = box((3, 60, 60), slice(1, 2), slice(20, 40), slice(20, 40))
    coarse = box((3, 30, 30), slice(1, 2), slice(4, 14), slice(12, 22))  # 20 mm as well, elsewhere
    regions = [
        Region(Volume(mask.astype(float), (step, step, 3.0)), mask) for mask, step in ((fine, 1.0), (coarse, 2.0))
    ]
    one, other = shown("largest", *regions, size=(60, 60), window=(0.0, 1.0))[0] > 0.5
    assert abs(int(one.sum()) - int(other.sum())) < 0.1 * one.sum()
    assert (one & other).sum() > 0.9 * one.sum()


def test_coronal_slices_of_one_slice_are_rejected(shown: Arrays, make_region: MakeRegion) -> None:
    region = make_region((slice(0, 1), slice(10, 18), slice(8, 20)), shape=(1, 30, 32))
    with pytest.raises(Rejected, match="SAMPLE_FLAT"):
        shown({"kind": "largest", "orientation": "coronal"}, region, size=(8, 8))
    view = shown("adjacent", region, size=(8, 8))[0]
    assert (view[0] == view[1]).all() and (view[2] == view[1]).all()


@given(st.integers(0, 7), st.integers(0, 29), st.integers(0, 31), st.integers(1, 30), st.integers(1, 30))
def test_the_roi_is_inside_wherever_it_lies(recipe: Recipe, z: int, y: int, x: int, height: int, width: int) -> None:
    mask = np.zeros((8, 30, 32), bool)
    mask[z, y : y + height, x : x + width] = True
    region = Region(Volume(mask.astype(float), (1.0, 1.0, 1.0)), mask)
    side = int(np.ceil(1.5 * max(*np.ptp(np.nonzero(mask)[1:], axis=1)) + 1))
    preparation = recipe.model_copy(update={"window": (0.0, 1.0)})
    view = SAMPLINGS.parse("largest").sample([region], preparation, Shape((side, side)))
    assert view.sum() == mask.sum()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "largest", "margin": 0.1, "margin_mm": 3}, "give either margin or margin_mm"),
        ({"kind": "largest", "margin": [0.1, 0.1]}, "0.1 stands twice"),
        ({"kind": "largest", "margin": -0.1}, "greater than or equal to 0"),
        ({"kind": "adjacent", "slices": 4}, "4 is even"),
        ({"kind": "adjacent", "step": 2, "step_mm": 3}, "give either step or step_mm"),
        ({"kind": "windows", "windows": [[10, 0]]}, "the lower bound 10 is not below the upper bound 0"),
        ({"kind": "windows", "windows": [[0, 10]], "offsets": [1, 1]}, "1 stands twice"),
        ({"kind": "patch", "orientation": "LPX"}, "three letters such as LPS"),
    ],
)
def test_settings_that_contradict_each_other_are_faults(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SAMPLINGS.parse(settings)
