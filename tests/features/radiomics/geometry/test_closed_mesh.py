"""closed_mesh: shapes whose measures are known."""

from __future__ import annotations

import numpy as np
import pytest

from features.radiomics.geometry.closed_mesh import measure_mesh, mesh_vertices

SPACING = np.array([2.0, 1.0, 0.5])


def _ball(radius: float, spacing: np.ndarray) -> np.ndarray:
    n = np.ceil(radius / spacing).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(-k, k + 1) for k in n), indexing="ij"), axis=-1) * spacing
    return (grid**2).sum(axis=-1) <= radius**2


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
