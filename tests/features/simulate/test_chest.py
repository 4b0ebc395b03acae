"""A chest with a tumour: grain is seen in space alone, and volumes and visits keep to what was asked."""

from __future__ import annotations

import numpy as np
import pytest

from features.simulate.chest import RING_MM, Chest
from features.simulate.fields import Histogram
from features.simulate.grid import Grid
from features.simulate.streams import stream
from features.simulate.tissue import Tissue

GRID = Grid.centred((20, 64, 64), (3.0, 3.0, 3.0))
TISSUE = Histogram(40.0, 25.0, 0.2)


@pytest.fixture(scope="module")
def chest() -> Chest:
    return Chest.draw(GRID, lambda word: stream(7, word))


def neighbours(values: np.ndarray, where: np.ndarray) -> float:
    """Mean absolute difference along x of voxels that both lie in the region."""
    both = where[..., 1:] & where[..., :-1]
    return float(np.abs(values[..., 1:] - values[..., :-1])[both].mean())


def test_a_coarser_grain_is_smoother_at_the_same_mean_and_spread(chest: Chest) -> None:
    fine, coarse = (chest.scan(14.0, Tissue(TISSUE, grain), 1.0) for grain in (2.0, 6.0))
    inner = (fine.outside_mm == 0) & (np.roll(fine.tumour, 1, 0) & np.roll(fine.tumour, -1, 0))
    assert np.array_equal(fine.tumour, coarse.tumour)
    assert neighbours(coarse.hu, inner) < 0.6 * neighbours(fine.hu, inner)
    assert fine.hu[fine.tumour].mean() == pytest.approx(coarse.hu[coarse.tumour].mean(), abs=0.5)


def test_a_smaller_tumour_of_one_chest_lies_in_the_larger_one(chest: Chest) -> None:
    large, small = (chest.scan(ml, Tissue(TISSUE, 3.0), 1.0) for ml in (18.0, 9.0))
    assert not (small.tumour & ~large.tumour).any()
    assert small.tumour.sum() * GRID.voxel_ml == pytest.approx(9.0, rel=0.02)
    assert not (small.tumour & ~small.lungs).any()


def test_the_ring_changes_only_what_is_near_the_tumour(chest: Chest) -> None:
    tumour = Tissue(TISSUE, 3.0)
    without = chest.scan(12.0, tumour, 1.0)
    haze = chest.scan(12.0, tumour, 1.0, Tissue(Histogram(-600.0, 60.0), 3.0))
    ring = (haze.outside_mm > 0) & (haze.outside_mm <= RING_MM) & haze.lungs
    far = haze.outside_mm > RING_MM + 6
    assert haze.hu[ring].mean() > without.hu[ring].mean() + 50
    assert np.abs(haze.hu - without.hu)[far].max() < 1
