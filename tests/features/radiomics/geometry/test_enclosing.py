"""Morphology of the IBSI mode: shapes whose measures are known, and sums over pairs written out."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist, squareform

from features.radiomics.geometry.closed_mesh import measure_mesh, mesh_vertices
from features.radiomics.geometry.enclosing import ellipsoid, smallest_box, smallest_ellipsoid
from features.radiomics.voxels.autocorrelation import autocorrelation

SPACING = np.array([2.0, 1.0, 0.5])


def _ball(radius: float, spacing: np.ndarray) -> np.ndarray:
    n = np.ceil(radius / spacing).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(-k, k + 1) for k in n), indexing="ij"), axis=-1) * spacing
    return (grid**2).sum(axis=-1) <= radius**2


def _rotation(seed: int) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]


def test_the_mesh_of_one_voxel_is_an_octahedron() -> None:
    volume, area = measure_mesh(np.ones((1, 1, 1), bool), np.ones(3))
    assert volume == pytest.approx(1 / 6)
    assert area == pytest.approx(np.sqrt(3))
    assert len(mesh_vertices(np.ones((1, 1, 1), bool), SPACING)) == 6


def test_the_mesh_of_a_box_lacks_its_edges() -> None:
    mask, sizes = np.ones((3, 4, 5), bool), np.array([3, 4, 5]) * SPACING
    volume, _ = measure_mesh(mask, SPACING)
    # Cut off are prisms along the 12 edges, and a corner's cubes lose 5/6 of what lies in the ROI's corner.
    assert volume < np.prod(sizes)
    assert volume == pytest.approx(np.prod(sizes) - (4 * (2 + 3 + 4) / 8 + 8 * 5 / 48) * np.prod(SPACING))
    assert np.ptp(mesh_vertices(mask, SPACING), axis=0) == pytest.approx(sizes)


def test_the_mesh_of_a_ball_is_nearly_round() -> None:
    volume, area = measure_mesh(_ball(20, np.ones(3)), np.ones(3))
    assert volume == pytest.approx(4 / 3 * np.pi * 20**3, rel=0.01)
    assert area == pytest.approx(4 * np.pi * 20**2, rel=0.1)  # a staircase, however fine


@pytest.mark.parametrize("seed", range(5))
def test_the_mesh_is_closed(seed: int) -> None:
    """The same in every orientation of the grid, and the volume of what is inside does not depend on where it lies."""
    mask = np.random.default_rng(seed).random((5, 6, 7)) < 0.6
    volume, area = measure_mesh(mask, SPACING)
    moved = measure_mesh(np.pad(mask, ((9, 0), (2, 3), (1, 0))), SPACING)
    assert moved == pytest.approx((volume, area))
    lifted = measure_mesh(mask.transpose(1, 2, 0), SPACING[[1, 2, 0]])
    assert lifted == pytest.approx((volume, area), rel=0.05)


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


@pytest.mark.parametrize("seed", range(4))
def test_autocorrelation_is_the_sum_over_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((4, 5, 6 + seed)) < 0.7
    values = rng.normal(100, 5, int(mask.sum()))
    distance = squareform(pdist(np.argwhere(mask) * SPACING))
    np.fill_diagonal(distance, np.inf)
    weights, centred, n = 1 / distance, values - values.mean(), len(values)
    moran = n / weights.sum() * (weights * np.outer(centred, centred)).sum() / (centred**2).sum()
    squares = (values[:, None] - values[None, :]) ** 2
    geary = (n - 1) / (2 * weights.sum()) * (weights * squares).sum() / (centred**2).sum()
    assert autocorrelation(values, mask, SPACING) == pytest.approx((moran, geary), rel=1e-10)
