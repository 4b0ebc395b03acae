"""patch, sliding and tiles: boxes and squares at a declared spacing, and what covers a ROI."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.core.kinds.sampling import SAMPLINGS, Shape
from features.core.quarantine import Rejected
from features.core.region import Region, Vector, Volume
from features.deep.tiling import centres_of, with_roi

MakeRegion = Callable[..., Region]
Arrays = Callable[..., np.ndarray]


def test_at_the_spacing_of_the_region_no_voxel_is_changed(shown: Arrays, box: Arrays, numbered: MakeRegion) -> None:
    region = numbered(box((20, 20, 20), slice(8, 13), slice(6, 9), slice(9, 15)), (1.0, 1.0, 2.0))
    view = shown("patch", region, size=(4, 6, 8), window=(0.0, 8000.0), spacing_mm=(1.0, 1.0, 2.0))[0, 0] * 8000
    np.testing.assert_allclose(view, region.volume.array[8:12, 4:10, 8:16], atol=2e-3)


def test_at_another_spacing_a_ramp_is_where_it_was(shown: Arrays, box: Arrays) -> None:
    z, y, x = np.indices((20, 30, 40), float)
    mask = box((20, 30, 40), slice(8, 12), slice(10, 20), slice(14, 22))  # the middle: 9.5, 14.5, 17.5
    region = Region(Volume(100 * z * 3 + 10 * y * 0.8 + x * 0.8, (0.8, 0.8, 3.0)), mask)
    settings = {"kind": "patch", "spacing_mm": [1.0, 1.5, 2.0]}
    view = shown(settings, region, size=(5, 6, 7), window=(0.0, 1e4))[0, 0] * 1e4
    places = [
        (middle * step + (np.arange(n) - (n - 1) / 2) * new)
        for middle, step, n, new in zip((9.5, 14.5, 17.5), (3, 0.8, 0.8), (5, 6, 7), (2.0, 1.5, 1.0), strict=True)
    ]
    expected = 100 * places[0][:, None, None] + 10 * places[1][:, None] + places[2]
    np.testing.assert_allclose(view, expected, atol=0.02)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.0, 2.0, 2.0)])
def test_beyond_the_image_is_the_floor_of_the_window(shown: Arrays, box: Arrays, spacing: Vector) -> None:
    mask = box((10, 10, 10), slice(0, 2), slice(0, 2), slice(8, 10))
    region = Region(Volume(np.ones(mask.shape), (1.0, 1.0, 1.0)), mask)
    view = shown("patch", region, size=(8, 8, 8), window=(0.0, 1.0), spacing_mm=spacing)[0, 0]
    inside = slice(3, 8), slice(3, 8), slice(0, 5)
    assert set(np.unique(view)) == {0.0, 1.0}
    assert view[inside].all() and view.sum() == view[inside].size


def test_without_a_spacing_the_roi_and_its_margin_fill_the_patch(shown: Arrays, box: Arrays) -> None:
    mask = box((40, 60, 60), slice(15, 25), slice(20, 40), slice(20, 40))
    region = Region(Volume(mask.astype(float), (1.0, 1.0, 2.0)), mask)  # 20 mm along each axis
    view = shown({"kind": "patch", "margin": 0.5}, region, size=(40, 40, 40), window=(0.0, 1.0))[0, 0]
    assert view[11:29, 11:29, 11:29].min() > 0.99
    assert view.sum() == pytest.approx(20**3, rel=0.02)
    two = shown({"kind": "patch", "margin": [0.5, 1.0]}, region, size=(40, 40, 40), window=(0.0, 1.0))
    np.testing.assert_array_equal(two[0, 0], view)
    assert two[1].sum() == pytest.approx(40**3 / 27, rel=0.05)


def test_every_axis_of_a_scaled_patch_is_scaled_alike(shown: Arrays, box: Arrays) -> None:
    mask = box((40, 60, 60), slice(15, 25), slice(20, 40), slice(20, 40))
    region = Region(Volume(mask.astype(float), (1.0, 1.0, 1.0)), mask)  # 20 × 20 × 10 mm
    view = shown({"kind": "patch", "margin": 0.0}, region, size=(20, 20, 20), window=(0.0, 1.0))[0, 0]
    np.testing.assert_allclose(view.mean(axis=(1, 2)), np.repeat([0.0, 1.0, 0.0], [5, 10, 5]), atol=0.01)


@pytest.mark.parametrize("given_by", ["card", "recipe"])
def test_axes_of_a_patch_go_where_is_declared(shown: Arrays, box: Arrays, numbered: MakeRegion, given_by: str) -> None:
    region = numbered(box((20, 20, 20), slice(8, 12), slice(8, 12), slice(8, 12)))
    settings: dict[str, Any] = {"kind": "patch", "spacing_mm": 1.0}
    card = {"orientation": "RAS"} if given_by == "card" else {}
    settings |= {} if card else {"orientation": "RAS"}
    view = shown(settings, region, size=(4, 6, 8), window=(0.0, 8000.0), **card)[0, 0] * 8000
    there = region.volume.array[8:12, 7:13, 6:14][:, ::-1, ::-1]
    np.testing.assert_allclose(view, there, atol=2e-3)


def test_a_patch_is_round_the_mean_place_where_that_is_asked(shown: Arrays, box: Arrays, numbered: MakeRegion) -> None:
    mask = box((20, 20, 20), slice(5, 7), slice(5, 7), slice(5, 7))
    mask[14, 14, 14] = True  # the box is 5 to 14; the mean place 6.44
    settings = {"kind": "patch", "spacing_mm": 1.0, "centre": "mass"}
    view = shown(settings, numbered(mask), size=(3, 3, 3), window=(0.0, 8000.0))[0, 0] * 8000
    np.testing.assert_allclose(view, np.arange(8000).reshape(mask.shape)[5:8, 5:8, 5:8], atol=2e-3)


@pytest.mark.parametrize(
    ("settings", "shape", "message"),
    [
        ({"spacing_mm": 2.0}, Shape((8, 8, 8), 1, (1.0, 1.0, 1.0)), r"spacing_mm is \[2, 2, 2\].*needs \[1, 1, 1\]"),
        ({"orientation": "RAS"}, Shape((8, 8, 8), 1, None, "LPS"), "orientation is RAS, and the network needs LPS"),
        ({"margin": 0.5}, Shape((8, 8, 8), 1, (1.0, 1.0, 1.0)), "a margin is for patches that are scaled"),
    ],
)
def test_what_the_card_does_not_allow_is_a_fault(settings: dict[str, Any], shape: Shape, message: str) -> None:
    fault = SAMPLINGS.parse({"kind": "patch", **settings}).fault(shape) or ""
    assert fault.startswith("patch: ")
    assert re.search(message, fault)


def test_a_roi_that_a_patch_cuts_is_told(box: Arrays, numbered: MakeRegion) -> None:
    region = numbered(box((20, 20, 20), slice(4, 14), slice(8, 12), slice(8, 12)))
    patch = SAMPLINGS.parse("patch")
    (warned,) = patch.noticed([region], Shape((8, 8, 8), 1, (1.0, 1.0, 1.0)))
    assert (warned.code, warned.details) == ("PATCH_CUT", {"share_outside": 0.2})
    assert patch.noticed([region], Shape((10, 8, 8), 1, (1.0, 1.0, 1.0))) == ()
    assert patch.noticed([region], Shape((8, 8, 8), 1)) == ()


def test_patches_beyond_number_are_refused() -> None:
    with pytest.raises(Rejected, match="OOM_RISK: over 65536 patches"):
        centres_of((0, 0), (1000, 1000), (1, 1), 0.5)


def test_images_have_the_same_patch_each_round_its_own_roi(shown: Arrays, box: Arrays) -> None:
    one = box((20, 20, 20), slice(8, 12), slice(8, 12), slice(8, 12))
    other = np.roll(one, (3, -4, 5), axis=(0, 1, 2))
    array = np.random.default_rng(0).random(one.shape)
    regions = [
        Region(Volume(array, (1.0, 1.0, 1.0)), one),
        Region(Volume(np.roll(array, (3, -4, 5), axis=(0, 1, 2)), (1.0, 1.0, 1.0)), other),
    ]
    for settings in ({"kind": "patch", "spacing_mm": 1.0}, {"kind": "sliding", "spacing_mm": 0.7}):
        views = shown(settings, *regions, size=(4, 4, 4), window=(0.0, 1.0))
        np.testing.assert_allclose(views[:, 0], views[:, 1], atol=1e-5)


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(1, 40), st.integers(1, 15)), min_size=1, max_size=2),
    st.sampled_from([0.25, 0.5, 1.0]),
)
def test_patches_cover_a_box_with_no_more_than_a_stride_between(
    axes: list[tuple[int, int, int]], stride: float
) -> None:
    starts, extents, sides = (list(one) for one in zip(*axes, strict=True))
    centres = centres_of(starts, extents, sides, stride)
    for axis, (start, extent, side) in enumerate(axes):
        own = np.unique(centres[:, axis])
        assert own[0] - side / 2 <= start + 1e-9 and own[-1] + side / 2 >= start + extent - 1e-9
        assert (np.diff(own) <= stride * side + 1e-9).all()
        if len(own) > 1:
            assert own[0] - side / 2 == pytest.approx(start) and own[-1] + side / 2 == pytest.approx(start + extent)


def test_patches_that_hold_nothing_of_the_roi_do_not_count() -> None:
    roi = np.zeros((10, 10), bool)
    roi[0, 0] = roi[9, 9] = True
    kept = with_roi(roi, centres_of((0, 0), (10, 10), (5, 5), 1.0), (5, 5))
    assert kept.tolist() == [[2.5, 2.5], [7.5, 7.5]]


def test_sliding_shows_each_part_of_the_roi(shown: Arrays, box: Arrays, numbered: MakeRegion) -> None:
    region = numbered(box((20, 20, 20), slice(4, 12), slice(4, 8), slice(4, 8)))
    views = shown({"kind": "sliding", "stride": 1.0}, region, size=(4, 4, 4), window=(0.0, 8000.0))[:, 0] * 8000
    assert len(views) == 2
    for view, z in zip(views, (4, 8), strict=True):
        np.testing.assert_allclose(view, region.volume.array[z : z + 4, 4:8, 4:8], atol=2e-3)


def test_of_too_many_patches_some_are_chosen_evenly(shown: Arrays, box: Arrays, numbered: MakeRegion) -> None:
    region = numbered(box((24, 8, 8), slice(2, 22), slice(2, 6), slice(2, 6)))
    every = shown({"kind": "sliding", "stride": 0.5}, region, size=(4, 4, 4), window=(0.0, 2000.0))
    few = shown({"kind": "sliding", "stride": 0.5, "most": 3}, region, size=(4, 4, 4), window=(0.0, 2000.0))
    assert len(every) == 9
    np.testing.assert_array_equal(few, every[[1, 4, 7]])


def test_vectors_of_patches_are_joined_whatever_their_number() -> None:
    one = SAMPLINGS.parse({"kind": "sliding", "join": ["mean", "max"]})
    vectors = np.array([[1.0, 5.0], [3.0, 1.0], [2.0, 0.0]], np.float32)
    np.testing.assert_array_equal(one.joined(vectors), [[2.0, 2.0], [3.0, 5.0]])
    assert one.views == ("sliding_mean", "sliding_max")
    assert SAMPLINGS.parse("sliding").views == ("sliding",)
    np.testing.assert_array_equal(SAMPLINGS.parse("sliding").joined(vectors[:1]), vectors[:1])


def test_tiles_cover_the_slice_where_the_roi_is_largest_or_all(
    shown: Arrays, box: Arrays, numbered: MakeRegion
) -> None:
    region = numbered(box((5, 20, 20), slice(1, 4), slice(4, 12), slice(4, 8)))
    region.mask[3, 4:8] = False
    settings = {"kind": "tiles", "side_mm": 4, "stride": 1.0}
    views = shown(settings, region, size=(4, 4), window=(0.0, 2000.0))[:, 0] * 2000
    for view, row in zip(views, (4, 8), strict=True):
        np.testing.assert_allclose(view, region.volume.array[1, row : row + 4, 4:8], atol=1e-3)
    every = shown({**settings, "slices": "all"}, region, size=(4, 4), window=(0.0, 2000.0))
    assert len(every) == 5
    np.testing.assert_allclose(every[-1, 0] * 2000, region.volume.array[3, 8:12, 4:8], atol=1e-3)


def test_tiles_are_scaled_to_the_network(shown: Arrays, make_region: MakeRegion) -> None:
    settings = {"kind": "tiles", "side_mm": 24, "join": "max"}
    views = shown(settings, make_region((slice(3, 4), slice(10, 18), slice(8, 20))), size=(16, 16))
    assert views.shape == (1, 1, 16, 16)
    assert SAMPLINGS.parse(settings).views == ("tiles_24mm_max",)
