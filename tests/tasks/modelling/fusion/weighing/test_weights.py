"""Non-negative least squares over blocks."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.modelling.fusion.weighing.weights import RIDGE, block_weights


@given(st.integers(1, 6), st.integers(0, 99))
def test_no_weight_can_be_moved_for_the_better(blocks: int, seed: int) -> None:
    """Karush-Kuhn-Tucker: the gradient is 0 at a weight above 0, and points below 0 at a weight of 0."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(1, 40, 2))
    predicted = shared + rng.normal(size=(blocks, 40, 2))
    predicted /= np.sqrt((predicted**2).mean(axis=(1, 2)))[:, None, None]
    residual = 0.3 * shared[0] + rng.normal(size=(40, 2))
    found = block_weights(predicted, residual)
    left = residual - np.tensordot(found, predicted, 1)
    gradient = (predicted * left).mean(axis=(1, 2)) - RIDGE * found
    assert (found >= 0).all()
    assert (gradient < 1e-9).all()
    assert (np.abs(gradient[found > 0]) < 1e-9).all()


def test_blocks_that_predict_the_same_share_the_weight() -> None:
    rng = np.random.default_rng(1)
    one = rng.normal(size=(50, 1))
    one /= np.sqrt((one**2).mean())
    found = block_weights(np.stack([one, one, 0 * one]), one)
    np.testing.assert_allclose(found, [1 / (2 + RIDGE), 1 / (2 + RIDGE), 0], atol=1e-12)
