"""Combiner: blocks weigh by what they told out of fold, for every kind of endpoint."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from features.core.outcome import Outcome
from tasks.modelling.fusion.weighing.combiner import Combiner, even_combiner, fit_combiner
from tasks.modelling.fusion.weighing.residuals import centred
from tasks.modelling.prediction import Prediction
from tests.support.design import ANY_ENDPOINT, make_outcome

Floats = NDArray[np.float64]
FOLDS = [np.arange(i * 40, (i + 1) * 40) for i in range(3)]
CENTRES = np.array(["east", "west"])[np.arange(120) // 3 % 2]
RISK_KINDS = [kind for kind, endpoint in ANY_ENDPOINT.items() if endpoint.predicted == "risk"]


def told(kind: str, score: Floats, levels: int) -> Prediction:
    """A prediction of this kind that goes along with a score, (n,)."""
    predicted = ANY_ENDPOINT[kind].predicted
    if predicted == "risk":
        return Prediction(risk=score)
    if predicted == "value":
        return Prediction(risk=score, value=score)
    drive = np.column_stack([score, -score, 0 * score])
    if kind == "ordinal":
        drive = np.column_stack([-score, 0 * score, score])
    if predicted == "labels":
        return Prediction(probability=1 / (1 + np.exp(-drive[:, :levels])))
    probability = np.exp(drive) / np.exp(drive).sum(axis=1, keepdims=True)
    return Prediction(risk=probability @ np.arange(3.0) if kind == "ordinal" else None, probability=probability)


def made(kind: str, seed: int = 0) -> tuple[dict[str, Prediction], Outcome]:
    """Blocks that tell much, a little of something else, nothing, and the reverse; and what was seen."""
    rng = np.random.default_rng(seed)
    one, two, noise = rng.normal(size=(3, 120))
    outcome = make_outcome(kind, 1.5 * one + 0.7 * two, rng)
    scores = {"much": one, "little": 0.5 * two, "noise": noise, "reverse": -one}
    return {name: told(kind, score, len(outcome.levels)) for name, score in scores.items()}, outcome


def fitted(kind: str, blocks: dict[str, Prediction], outcome: Outcome) -> Combiner:
    parts = {name: [one.take(rows) for rows in FOLDS] for name, one in blocks.items()}
    seen = [outcome.take(rows) for rows in FOLDS]
    return fit_combiner(parts, seen, ANY_ENDPOINT[kind], [CENTRES[rows] for rows in FOLDS])


def flat(one: Prediction) -> Floats:
    found = one.probability if one.risk is None else one.risk
    assert found is not None
    return found


@pytest.mark.parametrize("kind", ANY_ENDPOINT)
def test_blocks_weigh_by_what_they_told(kind: str) -> None:
    blocks, outcome = made(kind)
    combiner = fitted(kind, blocks, outcome)
    shares = combiner.shares
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["much"] > shares["little"] > 0
    assert shares["noise"] < 0.2
    assert shares["reverse"] == 0
    assert combiner.told
    assert "reverse" not in combiner.used
    found = combiner.combine({name: blocks[name] for name in combiner.used})
    assert (found.risk is None) == (blocks["much"].risk is None)
    assert (found.value is None) == (blocks["much"].value is None)
    if found.probability is not None and kind != "multilabel":
        np.testing.assert_allclose(found.probability.sum(axis=1), 1)


@pytest.mark.parametrize("kind", ANY_ENDPOINT)
def test_cases_are_combined_one_by_one(kind: str) -> None:
    blocks, outcome = made(kind)
    combiner = fitted(kind, blocks, outcome)
    some = np.arange(7)
    alone = combiner.combine({name: one.take(some) for name, one in blocks.items()})
    np.testing.assert_allclose(flat(alone), flat(combiner.combine(blocks))[some], rtol=1e-12)


@pytest.mark.parametrize("kind", RISK_KINDS)
def test_neither_the_level_of_a_fold_nor_the_unit_of_a_risk_counts(kind: str) -> None:
    blocks, outcome = made(kind)
    plain = fitted(kind, blocks, outcome)
    moved = {name: flat(one).copy() for name, one in blocks.items()}
    for shift, rows in enumerate(FOLDS):
        moved["much"][rows] += 10.0 * shift
    moved["noise"] *= 1e6
    other = fitted(kind, {name: Prediction(risk=risk) for name, risk in moved.items()}, outcome)
    np.testing.assert_allclose(other.weights, plain.weights, atol=1e-9)
    scaled = plain.combine(blocks).risk
    assert scaled is not None
    found = other.combine({**blocks, "noise": Prediction(risk=moved["noise"])}).risk
    assert found is not None
    np.testing.assert_allclose(found - found.mean(), scaled - scaled.mean(), atol=1e-9)


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_a_block_that_tells_centres_apart_tells_nothing(kind: str) -> None:
    """The outcome is more frequent, or higher, in the west; a block that knows where a case comes from has no weight for that."""
    rng = np.random.default_rng(5)
    west, signal = (CENTRES == "west").astype(float), rng.normal(size=120)
    outcome = make_outcome(kind, signal + 5 * west, rng)
    blocks = {"centre": told(kind, west + 0.01 * rng.normal(size=120), 0), "signal": told(kind, signal, 0)}
    shares = fitted(kind, blocks, outcome).shares
    assert shares["signal"] > 0.9


def test_the_risk_of_one_good_block_is_about_its_log_odds() -> None:
    rng = np.random.default_rng(3)
    odds = 0.5 * rng.normal(size=20_000)
    seen = Outcome.of_flag(rng.random(20_000) < 1 / (1 + np.exp(-odds)))
    found = fit_combiner(
        {"one": [Prediction(risk=3 * odds)]}, [seen], ANY_ENDPOINT["binary"], [np.repeat("east", 20_000)]
    )
    assert found.factors["one"] == pytest.approx(1 / 3, rel=0.1)


@pytest.mark.parametrize("kind", ANY_ENDPOINT)
def test_where_no_block_told_anything_they_weigh_alike_and_a_number_is_its_mean(kind: str) -> None:
    blocks, outcome = made(kind)
    combiner = fitted(kind, {"a": blocks["reverse"], "b": blocks["reverse"]}, outcome)
    assert not combiner.told
    found = combiner.combine({"a": blocks["reverse"], "b": blocks["reverse"]})
    if outcome.value is not None:
        assert found.value is not None
        np.testing.assert_allclose(found.value, outcome.value.mean())
        assert combiner.shares == {"a": 0, "b": 0}
        return
    assert combiner.shares == {"a": pytest.approx(0.5), "b": pytest.approx(0.5)}
    assert np.corrcoef(flat(found).ravel(), flat(blocks["reverse"]).ravel())[0, 1] == pytest.approx(1)


@pytest.mark.parametrize("kind", ANY_ENDPOINT)
def test_blocks_that_predict_the_same_for_all_leave_a_prediction_that_is_the_same_for_all(kind: str) -> None:
    blocks, outcome = made(kind)
    even = {name: one.take(np.zeros(120, np.intp)) for name, one in blocks.items()}
    combiner = fitted(kind, even, outcome)
    assert not combiner.told
    assert set(combiner.shares.values()) == {0}
    found = flat(combiner.combine({name: even[name] for name in combiner.used}))
    np.testing.assert_allclose(found, found[:1].repeat(120, axis=0))


@pytest.mark.parametrize("kind", ANY_ENDPOINT)
def test_without_inner_folds_all_weigh_alike(kind: str) -> None:
    blocks, outcome = made(kind)
    two = {name: blocks[name] for name in ("much", "noise")}
    combiner = even_combiner(two, outcome, ANY_ENDPOINT[kind], CENTRES)
    factors = combiner.factors
    ratio = 1.0
    if kind in RISK_KINDS:
        much, noise = (centred(flat(two[name])[:, None], CENTRES) for name in ("much", "noise"))
        ratio = float(noise.std() / much.std())
    assert factors["much"] / factors["noise"] == pytest.approx(ratio)
