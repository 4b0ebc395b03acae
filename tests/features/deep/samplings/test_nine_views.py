"""nine_views: the planes of symmetry of a cube, on images that are known at every place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from features.core.kinds.sampling import SAMPLINGS
from features.core.region import Region, Vector, Volume

Arrays = Callable[..., np.ndarray]
# What each plane of an image shows along its rows and columns: how far one goes (left, back, down) for a step of 1 mm.
D = np.sqrt(0.5)
DOWN_AND_ACROSS = {
    "axial": ((0, 1, 0), (1, 0, 0)),
    "coronal": ((0, 0, 1), (1, 0, 0)),
    "sagittal": ((0, 0, 1), (0, 1, 0)),
    "lp": ((0, 0, 1), (D, D, 0)),
    "la": ((0, 0, 1), (D, -D, 0)),
    "li": ((0, 1, 0), (D, 0, D)),
    "ls": ((0, 1, 0), (D, 0, -D)),
    "ip": ((0, D, D), (1, 0, 0)),
    "ia": ((0, -D, D), (1, 0, 0)),
}


def _places(shape: tuple[int, int, int], spacing: Vector) -> np.ndarray:
    """Where voxels are, in mm to the left, to the back and down, from the middle of the image. Axes go left, back and up."""
    z, y, x = np.indices(shape, float)
    return np.stack(
        [
            (axis - (n - 1) / 2) * step * sense
            for axis, n, step, sense in zip((x, y, z), reversed(shape), spacing, (1, 1, -1), strict=True)
        ]
    )


def _middle_box(shape: tuple[int, int, int], sizes: tuple[int, int, int]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[tuple(slice((n - size) // 2, (n + size) // 2) for n, size in zip(shape, sizes, strict=True))] = True
    return mask


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.7, 1.1, 2.5)])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_each_plane_shows_a_ramp_where_it_goes(shown: Arrays, spacing: Vector, axis: int) -> None:
    shape, size = (42, 60, 90), 24
    mask = _middle_box(shape, (8, 16, 24))
    side = 1.5 * max(n * step for n, step in zip((24, 16, 8), spacing, strict=True))
    ramp = _places(shape, spacing)[axis]
    region = Region(Volume(ramp, spacing), mask)
    views = shown("nine_views", region, size=(size, size), window=(-100.0, 100.0))[:, 0] * 200 - 100
    steps = (np.arange(size) - (size - 1) / 2) * side / size
    for view, (down, across) in zip(views, DOWN_AND_ACROSS.values(), strict=True):
        expected = steps[:, None] * down[axis] + steps * across[axis]
        np.testing.assert_allclose(view[3:-3, 3:-3], expected[3:-3, 3:-3], atol=0.1)  # of voxels: triangles ripple


def test_words_of_views_are_those_of_the_planes() -> None:
    assert SAMPLINGS.parse("nine_views").views == tuple(f"nine_views_{word}" for word in DOWN_AND_ACROSS)


def test_a_ball_is_a_disc_of_one_size_in_all_planes(shown: Arrays) -> None:
    spacing = (1.0, 1.0, 2.0)
    ball = (_places((40, 80, 80), spacing) ** 2).sum(axis=0) < 15**2
    views = shown("nine_views", Region(Volume(ball.astype(float), spacing), ball), size=(60, 60), window=(0.0, 1.0))
    areas = (views[:, 0] > 0.5).sum(axis=(1, 2)) * (45 / 60) ** 2
    np.testing.assert_allclose(areas, np.pi * 15**2, rtol=0.06)


def test_a_mark_is_seen_in_the_planes_that_it_lies_in(shown: Arrays) -> None:
    shape = (61, 61, 61)
    mask = np.zeros(shape, bool)
    mask[20:41, 20:41, 20:41] = True
    array = np.zeros(shape)
    for step in range(6, 11):  # to the left and back of the middle, and to the feet and front
        array[30, 30 + step, 30 + step] = array[30 - step, 30 - step, 30] = 1.0
    views = shown("nine_views", Region(Volume(array, (1.0, 1.0, 1.0)), mask), size=(63, 63), window=(0.0, 1.0))
    seen = {word for word, view in zip(DOWN_AND_ACROSS, views[:, 0], strict=True) if view.max() > 0.4}
    assert seen == {"axial", "lp", "sagittal", "ia"}


def test_shrinking_a_plane_is_antialiased(shown: Arrays) -> None:
    rng = np.random.default_rng(0)
    mask = _middle_box((80, 80, 80), (48, 48, 48))
    region = Region(Volume(rng.normal(0, 60, mask.shape), (1.0, 1.0, 1.0)), mask)
    coarse, fine = (shown("nine_views", region, size=(size, size), window=(-300.0, 300.0)) for size in (12, 72))
    assert (coarse.std(axis=(1, 2, 3)) < 0.4 * fine.std(axis=(1, 2, 3))).all()
    np.testing.assert_allclose(coarse.mean(axis=(1, 2, 3)), fine.mean(axis=(1, 2, 3)), atol=0.01)
