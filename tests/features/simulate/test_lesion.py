"""Lesions: of the asked volume, in one piece, with more surface the more ragged they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import label

from features.simulate.grid import Grid
from features.simulate.lesion import Lesion, innermost

GRID = Grid.centred((24, 40, 40), (2.0, 2.0, 3.0))


def surface(mask: np.ndarray) -> int:
    return sum(int(np.diff(mask.astype(np.int8), axis=axis).astype(bool).sum()) for axis in range(3))


def test_volume_is_exact_and_surface_grows_with_raggedness() -> None:
    found = []
    for bumpiness in (0.0, 0.2, 0.4):
        lesion = Lesion.draw(np.random.default_rng(1), (4.0, -3.0, 2.0), bumpiness)
        mask = innermost(lesion.distance(GRID), 20.0, GRID)
        assert label(mask)[1] == 1
        assert mask.sum() * GRID.voxel_ml == pytest.approx(20.0, rel=0.011)
        found.append(surface(mask))
    assert found == sorted(found) and found[2] > 1.3 * found[0]


def test_a_lesion_stays_where_it_may_be() -> None:
    lesion = Lesion.draw(np.random.default_rng(2), (0.0, 0.0, 0.0), 0.2)
    allowed = np.zeros(GRID.shape, dtype=bool)
    allowed[:, :, 20:] = True
    mask = innermost(lesion.distance(GRID), 10.0, GRID, allowed)
    assert not (mask & ~allowed).any()
    assert mask.sum() * GRID.voxel_ml == pytest.approx(10.0, rel=0.011)
