"""The planted truth: its numbers, and that a state drives what it should."""

from __future__ import annotations

import numpy as np
import pytest

from features.simulate.truth import HORIZON_DAYS, TruthModel, best_scores, draw_population, draw_rims


def test_best_scores_leave_room_above_the_clinical_ones() -> None:
    scores = best_scores(TruthModel(), np.random.default_rng(1), 20_000)
    assert 0.85 < scores.bayes_auc < 0.88
    assert scores.bayes_c_index == pytest.approx(0.74, abs=0.015)
    assert scores.bayes_c_index_harrell == pytest.approx(scores.bayes_c_index, abs=0.01)
    assert 0.59 < scores.clinical_auc < 0.65
    assert scores.response_rate == pytest.approx(0.45, abs=0.02)
    assert 0.55 < scores.event_rate < 0.65
    assert scores.clinical_auc + 0.1 < scores.rim_auc < scores.bayes_auc - 0.02
    assert scores.clinical_c_index + 0.05 < scores.rim_c_index < scores.bayes_c_index - 0.01


def test_follow_up_ends_at_five_years_and_begins_with_day_one() -> None:
    people = draw_population(TruthModel(), np.random.default_rng(2), 5_000)
    assert people["os_days"].between(1, HORIZON_DAYS).all()
    assert (people.loc[people["os_days"] < people["event_days"].round() - 1, "death"] == False).all()  # noqa: E712
    assert people["volume_ml"].between(4, 25).all()


def test_a_high_state_is_large_coarse_resistant_and_short_lived() -> None:
    people = draw_population(TruthModel(), np.random.default_rng(3), 5_000)
    with_state = people[["volume_ml", "texture_hu", "grain_mm", "logit", "log_hazard"]].corrwith(
        people["state"], method="spearman"
    )
    assert with_state["volume_ml"] > 0.65
    assert with_state["texture_hu"] > 0.75
    assert with_state["grain_mm"] > 0.75
    assert with_state["logit"] < -0.9
    assert with_state["log_hazard"] > 0.85
    rims = draw_rims(TruthModel(), np.random.default_rng(4), people["state"].to_numpy())
    assert np.corrcoef(np.log(rims), people["state"])[0, 1] > 0.85


def test_without_effects_the_tumours_are_the_same_and_no_outcome_follows_them() -> None:
    model = TruthModel().without_effects()
    people, planted = (draw_population(one, np.random.default_rng(3), 5_000) for one in (model, TruthModel()))
    made = ["state", "stage", "age_years", "volume_ml", "texture_hu", "grain_mm"]
    assert people[made].equals(planted[made])
    assert abs(people["response"].astype(float).corr(people["state"])) < 0.04
    assert abs(people["event_days"].corr(people["state"], method="spearman")) < 0.04
    scores = best_scores(model, np.random.default_rng(1), 2_000)
    assert {scores.bayes_auc, scores.bayes_c_index, scores.clinical_auc, scores.rim_auc, scores.rim_c_index} == {0.5}
