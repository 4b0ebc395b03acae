"""Random fields: equal histograms whatever the pattern, and waves that a motion carries along."""

from __future__ import annotations

import numpy as np
import pytest

from features.simulate.fields import Histogram, Rigid, Waves, rank_map, smooth_field
from features.simulate.grid import Grid

GRID = Grid.centred((12, 20, 18), (2.0, 2.5, 3.0))


def neighbours(field: np.ndarray) -> float:
    return float(np.corrcoef(field[:, :, 1:].ravel(), field[:, :, :-1].ravel())[0, 1])


def test_a_coarser_sigma_gives_a_coarser_grain_of_the_same_spread() -> None:
    fine, coarse = (smooth_field(np.random.default_rng(1), GRID, sigma) for sigma in (1.0, 4.0))
    assert neighbours(coarse) > 0.8 > 0.6 > neighbours(fine)
    for field in (fine, coarse):
        assert (float(field.mean()), float(field.std())) == pytest.approx((0, 1), abs=1e-5)


def test_rank_mapping_keeps_the_pattern_and_gives_the_histogram() -> None:
    fine, coarse = (smooth_field(np.random.default_rng(2), GRID, sigma).ravel() for sigma in (1.0, 4.0))
    histogram = Histogram(500.0, 40.0, skew=0.3)
    mapped = [rank_map(field, histogram) for field in (fine, coarse)]
    assert np.array_equal(np.sort(mapped[0]), np.sort(mapped[1]))
    assert (mapped[0].mean(), mapped[0].std()) == pytest.approx((500, 40), rel=1e-4)
    assert np.array_equal(np.argsort(mapped[1]), np.argsort(coarse))


def test_waves_of_a_moved_patient_are_those_of_the_points_that_he_moved_to() -> None:
    waves = Waves.draw(np.random.default_rng(3), 8.0)
    motion = Rigid.of((3.0, -2.0, 4.0), (1.5, -2.5, 3.5))
    x, y, z = motion.points(GRID)
    at = np.stack([x, y, z], axis=-1)[4, 5, 6].astype(np.float64)
    expected = np.sqrt(2 / len(waves.phases)) * np.cos(waves.vectors @ at + waves.phases).sum()
    assert waves.sample(GRID, motion)[4, 5, 6] == pytest.approx(expected, abs=1e-4)


def test_turns_are_about_the_origin_and_keep_lengths() -> None:
    motion = Rigid.of((10.0, 20.0, 30.0), (1.0, 2.0, 3.0))
    assert np.allclose(motion.matrix @ motion.matrix.T, np.eye(3))
    quarter = Rigid.of((0.0, 0.0, 90.0), (0.0, 0.0, 0.0))
    assert np.allclose(quarter.matrix @ [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
