"""Scores and incidences at the days of a study."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from features.core.errors import FitError
from tasks.modelling.evaluation.by_horizon import horizons_of
from tasks.modelling.evaluation.evaluate import evaluate
from tests.support.design import make_design, make_study

COX = {"name": "cox", "steps": ["drop_constant", "median", "zscore", {"kind": "screen", "k": [2]}], "model": "cox"}
SVM = {"name": "svm", "steps": ["drop_constant", "median", "zscore"], "model": "survival_svm"}


def test_days_are_those_of_the_study_of_the_endpoint_or_of_the_events() -> None:
    design = make_design("survival", n=60)
    events = np.sort(design.outcome.days[design.outcome.code == 1])  # type: ignore[index]
    by_events = horizons_of(make_study(models=[COX]), design)
    assert [np.mean(events <= day) >= share for day, share in zip(by_events, (1 / 3, 2 / 3), strict=True)] == [
        True,
        True,
    ]
    assert set(by_events) <= set(events)
    assert horizons_of(make_study(models=[COX], horizons=[100, 300]), design) == (100, 300)
    object.__setattr__(design, "endpoint", design.endpoint.model_copy(update={"horizon_days": 365.0}))
    assert horizons_of(make_study(models=[COX]), design) == (365.0,)
    assert horizons_of(make_study(), make_design("binary")) == ()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["survival", "competing_risks"])
def test_every_split_and_cohort_is_scored_at_every_day(kind: str) -> None:
    design = make_design(kind, n=90, external=20)
    study = make_study(models=[COX, SVM], horizons=[60, 200, 1e5], external=["other"])
    result = evaluate(design, study)
    scores = result.by_horizon_table()
    at_day = set(scores["metric"])
    assert at_day == {
        *("time_auc", "brier_at_horizon", "scaled_brier_at_horizon", "observed_expected"),
        *("intercept_at_horizon", "slope_at_horizon"),
    }
    parts = scores[["split", "cohort"]].drop_duplicates().to_numpy().tolist()
    assert sorted(map(tuple, parts)) == [("centre_out", ""), ("external", "other"), ("nested", "")]
    assert len(scores) == len(result.blocks) * 2 * len(parts) * 3 * len(at_day)
    late = scores[(scores["day"] == 1e5)]
    assert late["value"].isna().all()
    needs_curves = (late["model"] == "svm") & (late["metric"] != "time_auc")
    assert {reason[-19:] for reason in late[~needs_curves]["reason"]} == {"need an earlier day"}
    assert (late[needs_curves]["reason"] == "the model gives no curves over follow-up").all()
    known = scores[(scores["day"] < 1e5) & (scores["model"] == "cox")]
    assert known["value"].notna().all()
    outer = known[(known["split"] == "external") & (known["blocks"] == "radiomics") & (known["day"] == 200)]
    held = design.held_out == "external"
    events = int(((design.outcome.code == 1) & (design.outcome.days <= 200))[held].sum())  # type: ignore[operator]
    assert (outer["n"].unique().tolist(), outer["events"].unique().tolist()) == ([20], [events])
    said = result.incidences
    assert set(said["model"]) == {"cox"}
    assert said["incidence"].between(0, 1).all()
    wide = said.pivot(index=["split", "repeat", "fold", "blocks", "case"], columns="day", values="incidence").to_numpy()
    assert (np.diff(wide, axis=1) >= 0).all()


@pytest.mark.slow
def test_other_days_change_no_other_score() -> None:
    design = make_design("survival", n=60)
    alone, several = (
        evaluate(design, make_study(models=[COX], horizons=days, splits=["centre_out"])) for days in ((), (50, 90))
    )
    assert alone.scores == several.scores
    assert set(several.by_horizon_table()["day"]) == {50, 90}


def test_the_usual_days_leave_the_address_of_a_study_as_it_was() -> None:
    plain, asked = make_study(models=[COX]), make_study(models=[COX], horizons=[365])
    assert plain.digest() == make_study(models=[COX], horizons=[]).digest() != asked.digest()


@pytest.mark.parametrize("days", [[730, 365], [365, 365], [0], [float("inf")]])
def test_horizons_are_days_that_rise(days: Any) -> None:
    with pytest.raises(ValidationError, match=r"days that rise, such as \[365, 730\]|greater than 0|finite number"):
        make_study(models=[COX], horizons=days)


def test_horizons_of_an_endpoint_without_follow_up_are_refused() -> None:
    with pytest.raises(
        FitError, match="study toy: horizons are days of follow-up, and response is binary; leave them out"
    ):
        evaluate(make_design("binary"), make_study(horizons=[365]))
