"""ROIs on the grid of another image: places, volumes, what lies outside."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from features.core.quarantine import Rejected
from features.core.region import Vector, Volume
from features.images.masks.carried import carry_mask, centre_of_mask
from features.images.registration.transform import Transform

TILT = Transform.of(
    np.array([[0.9, -0.43588989, 0], [0.43588989, 0.9, 0], [0, 0, 1.0]]), (3.0, -4.0, 2.5)
)  # 26 degrees about z


def empty(shape: tuple[int, int, int], spacing: Vector, centre: Vector = (0.0, 0.0, 0.0)) -> Volume:
    x, y, z = (c - step * (n - 1) / 2 for c, step, n in zip(centre, spacing, reversed(shape), strict=True))
    return Volume(np.zeros(shape, np.uint8), spacing, (x, y, z))


def places(grid: Volume) -> NDArray[np.float64]:
    index = np.stack(np.indices(grid.array.shape)[::-1], axis=-1)
    return index * np.array(grid.spacing_mm) + np.array(grid.origin_mm)


def ball(grid: Volume, centre: Vector, radius: float) -> NDArray[np.bool_]:
    return np.asarray(np.linalg.norm(places(grid) - np.array(centre), axis=-1) <= radius)


def test_on_the_same_grid_a_mask_stays_as_it_is() -> None:
    grid = empty((9, 10, 11), (1.0, 1.5, 3.0))
    mask = np.random.default_rng(0).random(grid.array.shape) < 0.3
    np.testing.assert_array_equal(carry_mask(mask, grid, grid), mask)
    assert not carry_mask(np.zeros_like(mask), grid, grid).any()


@pytest.mark.parametrize("transform", [None, TILT])
@pytest.mark.parametrize(
    ("old", "new"),
    [((1.0, 1.0, 1.0), (2.0, 2.0, 2.0)), ((1.0, 1.0, 4.0), (1.2, 1.2, 1.2)), ((2.0, 2.0, 2.0), (0.8, 0.8, 3.0))],
)
def test_a_ball_keeps_place_and_volume_between_spacings(old: Vector, new: Vector, transform: Transform | None) -> None:
    drawn = (5.0, -3.0, 2.0)
    grid, image = (
        empty(tuple(round(70 / s) for s in reversed(steps)), steps, (shift, 0.2, -0.3))
        for steps, shift in ((old, 0.0), (new, 0.4))
    )
    mask = ball(grid, drawn, 14.0)
    found = carry_mask(mask, grid, image, transform)
    before, after = mask.sum() * np.prod(old), found.sum() * np.prod(new)
    assert after == pytest.approx(before, rel=0.03)
    lies = drawn if transform is None else transform.inverse()(drawn)
    assert np.linalg.norm(np.array(centre_of_mask(found, image)) - lies) < 0.3
    both = np.logical_and(found, ball(image, tuple(lies), 14.0)).sum()
    assert 2 * both / (found.sum() + ball(image, tuple(lies), 14.0).sum()) > 0.94


def test_a_box_that_holds_the_mask_changes_nothing() -> None:
    grid, image = empty((40, 40, 40), (1.0, 1.0, 1.0)), empty((20, 30, 30), (1.3, 1.3, 2.0))
    mask = ball(grid, (2.0, 0.0, -4.0), 8.0)
    box = (slice(3, 30), slice(5, 36), slice(10, 35))
    np.testing.assert_array_equal(carry_mask(mask, grid, image, TILT, box=box), carry_mask(mask, grid, image, TILT))
    assert centre_of_mask(mask, grid, box) == pytest.approx((2.0, 0.0, -4.0), abs=0.1)


def test_flipped_axes_of_the_image_are_followed() -> None:
    grid = empty((20, 24, 28), (1.0, 1.0, 1.0))
    mask = ball(grid, (4.0, -2.0, 3.0), 5.0)
    x, y, z = places(grid)[-1, -1, -1]
    turned = replace(grid, origin_mm=(x, y, z), direction=(-1.0, 0, 0, 0, -1.0, 0, 0, 0, -1.0))
    np.testing.assert_array_equal(carry_mask(mask, grid, turned), mask[::-1, ::-1, ::-1])


def test_regions_that_touch_share_no_voxel() -> None:
    grid, image = empty((30, 30, 30), (1.0, 1.0, 1.0)), empty((22, 22, 22), (1.4, 1.4, 1.4))
    labels = (places(grid)[..., 0] > 0.37) + 2 * (places(grid)[..., 1] > -1.21)
    inside = np.linalg.norm(places(grid), axis=-1) < 11
    found = [carry_mask((labels == one) & inside, grid, image, TILT) for one in range(4)]
    assert np.max(np.sum(found, axis=0)) == 1
    whole = carry_mask(inside, grid, image, TILT)
    assert 0 < np.logical_xor(whole, np.any(found, axis=0)).sum() < 0.05 * whole.sum()  # where three meet: none


def test_a_mask_at_the_end_of_its_grid_reaches_to_the_border_of_its_voxels() -> None:
    grid, image = empty((4, 10, 10), (2.0, 2.0, 5.0)), empty((60, 10, 10), (2.0, 2.0, 0.5))
    mask = np.zeros(grid.array.shape, bool)
    mask[-1, 3:7, 3:7] = True
    found = carry_mask(mask, grid, image)
    heights = places(image)[..., 2][found]
    assert (heights.min(), heights.max()) == pytest.approx((5.0, 10.0), abs=0.26)
    assert set(found.sum(axis=(1, 2))) == {0, 16}


@pytest.mark.parametrize(
    ("radius", "place", "code"), [(6.0, 18.0, "GEOMETRY"), (6.0, 14.4, ""), (6.0, 40.0, "GEOMETRY")]
)
def test_a_roi_that_reaches_outside_the_image_is_rejected(radius: float, place: float, code: str) -> None:
    grid, image = empty((60, 60, 100), (1.0, 1.0, 1.0)), empty((40, 40, 40), (1.0, 1.0, 1.0))
    mask = ball(grid, (place, 0.0, 0.0), radius)
    if not code:
        assert carry_mask(mask, grid, image).sum() == mask.sum()
        return
    with pytest.raises(Rejected) as caught:
        carry_mask(mask, grid, image)
    assert caught.value.code == code
    assert caught.value.message == "the ROI reaches outside the image"
    assert caught.value.details["share_lost"] > 0.01


def test_a_roi_that_a_transform_throws_out_is_a_failed_registration() -> None:
    grid = empty((40, 40, 40), (1.0, 1.0, 1.0))
    with pytest.raises(Rejected) as caught:
        carry_mask(ball(grid, (0.0, 0.0, 0.0), 5.0), grid, grid, Transform(offset_mm=(30.0, 0.0, 0.0)))
    assert (caught.value.code, caught.value.message) == ("REGISTRATION_FAILED", "the ROI is thrown out of the image")


def test_a_plane_without_a_place_carries_nothing() -> None:
    grid = replace(empty((1, 40, 40), (1.0, 1.0, 1.0)), plane="bare")
    with pytest.raises(Rejected) as caught:
        carry_mask(ball(grid, (0.0, 0.0, 0.0), 5.0), grid, grid)
    assert caught.value.code == "GEOMETRY"
