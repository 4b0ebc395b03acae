"""Enclosing: boxes and ellipsoids whose sides and axes are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from features.radiomics.geometry.enclosing import ellipsoid, smallest_box, smallest_ellipsoid


def _rotation(seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]


@pytest.mark.parametrize("seed", range(5))
def test_the_smallest_box_of_a_turned_box_is_that_box(seed: int) -> None:
    corners = np.array([[z, y, x] for z in (0, 2) for y in (0, 3) for x in (0, 7)]) @ _rotation(seed)
    hull = ConvexHull(corners)
    assert sorted(smallest_box(corners, hull.equations[:, :3])) == pytest.approx([2, 3, 7])


@pytest.mark.parametrize("seed", range(5))
def test_the_smallest_box_is_no_larger_than_any_box(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(60, 3)) * [1, 2, 4]
    hull = ConvexHull(points)
    found = np.prod(smallest_box(points[hull.vertices], hull.equations[:, :3]))
    assert found >= hull.volume
    for turn in range(50):
        assert found <= 1.02 * np.prod(np.ptp(points @ _rotation(turn), axis=0))


@pytest.mark.parametrize("seed", range(5))
def test_the_smallest_ellipsoid_of_points_on_one_is_that_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sphere = rng.normal(size=(400, 3))
    sphere = np.concatenate([sphere / np.linalg.norm(sphere, axis=1)[:, None], np.eye(3), -np.eye(3)])
    points = (sphere * [5.0, 3.0, 2.0]) @ _rotation(seed) + [10, 20, 30]
    axes = smallest_ellipsoid(points, tolerance=1e-6)
    assert axes == pytest.approx([5, 3, 2], rel=1e-3)
    assert 60 * (1 - 1e-5) <= 2 * np.prod(axes) <= 60 * (1 + 1e-5)


def test_a_ball_s_surface_is_exact_in_ibsi_s_series() -> None:
    volume, area = ellipsoid(np.array([3.0, 3.0, 3.0]))
    assert (volume, area) == pytest.approx((36 * np.pi, 36 * np.pi))
