"""Intensities in their order are numpy's, to the bit, however they are sorted."""

from __future__ import annotations

import numpy as np
import pytest

from features.radiomics.voxels.order import MOST_DIFFERENT, ordered

RNG = np.random.default_rng(3)


@pytest.mark.parametrize(
    "values",
    [
        RNG.integers(-1024, 3071, 5000).astype(float),
        RNG.integers(0, 3, 2).astype(float),
        np.array([5.0]),
        np.array([0.0, -0.0, 3.0, -2.0] * 5),
        RNG.integers(0, 50, 3000) + 0.5,
        np.append(RNG.integers(0, 9, 4000).astype(float), 0.25),
        np.array([0.0, MOST_DIFFERENT]).repeat(MOST_DIFFERENT),
        RNG.integers(-(2**60), 2**60, 100).astype(float),
    ],
    ids=["ct", "two", "one", "minus zero", "halves", "one part", "far apart", "huge"],
)
def test_order_is_numpys(values: np.ndarray) -> None:
    assert ordered(values).tobytes() == np.sort(values).tobytes()
