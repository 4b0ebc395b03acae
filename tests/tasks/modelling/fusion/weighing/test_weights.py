"""Weights of blocks: non-negative least squares, averaged over sets of blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.modelling.fusion.weighing.weights import MOST_BLOCKS, RIDGE, block_weights

Floats = NDArray[np.float64]


def made(blocks: int, seed: int, n: int = 40) -> tuple[Floats, Floats]:
    """Blocks that go together, the first with what is to be explained; two questions."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(1, n, 2))
    predicted = shared + rng.normal(size=(blocks, n, 2))
    return unit(predicted), 0.3 * predicted[0] + rng.normal(size=(n, 2))


def unit(predicted: Floats) -> Floats:
    found: Floats = predicted / np.sqrt((predicted**2).mean(axis=(1, 2)))[:, None, None]
    return found


@given(st.integers(1, 5), st.integers(0, 99))
def test_the_order_of_blocks_and_of_cases_and_the_unit_of_the_outcome_do_not_count(blocks: int, seed: int) -> None:
    predicted, residual = made(blocks, seed)
    found = block_weights(predicted, residual)
    assert (found >= 0).all()
    order, cases = np.random.default_rng(seed).permutation(blocks), np.random.default_rng(seed).permutation(40)
    np.testing.assert_allclose(
        block_weights(predicted[order][:, cases], 7 * residual[cases]), 7 * found[order], atol=1e-9
    )


def test_one_block_has_its_least_squares_times_the_odds_that_it_tells_anything() -> None:
    predicted, residual = made(1, 3)
    slope = float((predicted[0] * residual).mean()) / (1 + RIDGE)
    gain = 80 * slope**2 * (1 + RIDGE) / (2 * float((residual**2).mean())) - 1
    np.testing.assert_allclose(block_weights(predicted, residual), [slope / (1 + np.exp(-gain))])


def test_much_that_is_told_is_told_by_least_squares_of_all_blocks() -> None:
    rng = np.random.default_rng(4)
    predicted = unit(rng.normal(size=(3, 5000, 1)))
    found = block_weights(predicted, predicted[0] + 0.5 * predicted[1] + 0.25 * predicted[2])
    np.testing.assert_allclose(found, [1, 0.5, 0.25], atol=0.02)


def test_blocks_that_predict_the_same_share_the_weight_and_what_is_flat_or_reversed_has_none() -> None:
    one = unit(np.random.default_rng(1).normal(size=(1, 50, 1)))[0]
    found = block_weights(np.stack([one, one, 0 * one, -one]), one)
    assert found[0] == pytest.approx(found[1])
    assert 2 * found[0] == pytest.approx(1, abs=0.01)
    np.testing.assert_array_equal(found[2:], 0)


def test_nothing_to_explain_gives_no_weight() -> None:
    predicted, residual = made(2, 0)
    np.testing.assert_array_equal(block_weights(predicted, 0 * residual), 0)


def test_of_many_blocks_those_that_tell_most_are_weighed() -> None:
    predicted, residual = made(1, 0)
    rng = np.random.default_rng(0)
    many = unit(np.concatenate([predicted + 0.1 * rng.normal(size=(2, 40, 2)), rng.normal(size=(MOST_BLOCKS, 40, 2))]))
    found = block_weights(many, residual)
    assert (found > 0).sum() <= MOST_BLOCKS
    assert (found[:2] > 0).all()
