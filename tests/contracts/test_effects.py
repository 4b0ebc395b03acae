"""Laws of every effect in the folder: noise gives uniform p, a planted effect is found, the order of rows does not matter."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import false_discovery_control, kstest

from tasks.modelling.association.unit import measure
from tasks.modelling.effects.effect import EFFECTS, Effect
from tests.support.association import draw_sample, every_effect, kind_for

EFFECTS_BY_WORD = {effect.word: effect for effect in every_effect()}


@pytest.fixture(params=list(EFFECTS_BY_WORD))
def effect(request: pytest.FixtureRequest) -> Effect:
    return EFFECTS_BY_WORD[request.param]


def test_every_kind_of_the_folder_is_here() -> None:
    assert {one.kind for one in EFFECTS_BY_WORD.values()} == {*EFFECTS.modules}


def test_noise_gives_uniform_p_and_few_discoveries(effect: Effect) -> None:
    """20 seeds of many columns: all p together are uniform, and 1 of 20 studies has a false discovery, on average."""
    columns = 20 if effect.kind != "mixed_effects" else 8
    studies = [
        [
            measure(effect, draw_sample(effect, np.random.default_rng([seed, i]), patients=40), 10).p
            for i in range(columns)
        ]
        for seed in range(20)
    ]
    p = np.array(studies, dtype=np.float64)
    assert kstest(p.ravel(), "uniform").pvalue > 0.002
    false = sum(bool((false_discovery_control(one) <= 0.05).any()) for one in p)
    assert false <= 4  # binomial: more has a chance of 0.3 %


@pytest.mark.parametrize("sign", [1, -1])
def test_a_planted_effect_is_found_with_its_sign(effect: Effect, sign: int) -> None:
    sample = draw_sample(effect, np.random.default_rng(3), patients=120, signal=1.2 * sign)
    found = measure(effect, sample, 10)
    assert found.p is not None and found.p < 1e-5
    assert found.value is not None and found.low is not None and found.high is not None
    assert found.low < found.value < found.high
    if effect.kind != "kruskal":  # a share has no sign
        assert np.sign(found.value - effect.null) == sign
        assert not found.low <= effect.null <= found.high


def test_rows_in_another_order_give_the_same(effect: Effect) -> None:
    rng = np.random.default_rng(5)
    sample = draw_sample(effect, rng, patients=50, signal=0.4)
    again = measure(effect, sample.take(rng.permutation(len(sample))), 10)
    first = measure(effect, sample, 10)
    for name in ("value", "low", "high", "p"):
        assert getattr(again, name) == pytest.approx(getattr(first, name), rel=1e-6, abs=1e-9)


def test_what_cannot_be_measured_is_a_reason_and_never_an_error(effect: Effect) -> None:
    """Few cases, a constant column, one class, values at the ends of what floats hold."""
    rng = np.random.default_rng(1)
    sample = draw_sample(effect, rng, patients=30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "needed: 10" in measure(effect, sample.take(np.arange(7)), 10).reason
        same = sample.take(np.arange(len(sample)))
        object.__setattr__(same, "x", np.full(len(sample), 3.25))
        assert measure(effect, same, 10).reason == f"the column has one value in all {len(sample)} cases"
        if sample.y is not None:
            object.__setattr__(sample, "y", np.zeros(len(sample)))
            assert "one" in (reason := measure(effect, sample, 10).reason) or "0 events" in reason


def test_the_unit_of_a_column_does_not_matter(effect: Effect) -> None:
    sample = draw_sample(effect, np.random.default_rng(8), patients=40, signal=0.5)
    other = sample.take(np.arange(len(sample)))
    object.__setattr__(other, "x", sample.x * 1000 + 7)
    one, two = (measure(effect, which, 10) for which in (sample, other))
    assert two.value == pytest.approx(one.value, rel=1e-6)
    assert two.p == pytest.approx(one.p, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "word", ["pearson", "mann_whitney", "partial_correlation", "hazard_ratio", "mixed_effects_interaction"]
)
def test_intervals_hold_the_planted_value(word: str) -> None:
    """200 draws of 60 patients; a 95 % interval that held in fewer than 180 or in all 200 would be no such interval."""
    from scipy.special import ndtr

    effect = EFFECTS_BY_WORD[word]
    hits = 0
    for seed in range(200):
        sample = draw_sample(effect, np.random.default_rng([7, seed]), patients=60, signal=0.6)
        found = measure(effect, sample, 10)
        assert found.low is not None and found.high is not None
        if word in ("pearson", "partial_correlation"):
            truth = 0.6 / np.sqrt(1.36)
        elif word == "mann_whitney":
            truth = float(ndtr(0.6 / np.sqrt(2)))
        elif word == "hazard_ratio":
            truth = float(np.exp(0.6 * sample.x.std(ddof=1)))
        else:
            assert sample.y is not None
            truth = 0.6 * sample.y.std(ddof=1) / sample.x.std(ddof=1)
        hits += found.low <= truth <= found.high
    assert 180 <= hits < 200


def test_kinds_of_variables_that_an_effect_takes_are_drawn() -> None:
    assert kind_for(EFFECTS_BY_WORD["hazard_ratio"]) == "follow_up"
    assert kind_for(EFFECTS_BY_WORD["mixed_effects_days"]) is None
