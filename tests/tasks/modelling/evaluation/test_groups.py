"""Risk groups and their curves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tasks.modelling.curves.logrank import logrank_p
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.groups import risk_groups
from tasks.modelling.models.model import models_of
from tests.support.design import ANY_ENDPOINT, make_design, make_study
from tests.support.kinds import marks_of, of_columns

LEVELS = ("relapse", "death", "none", "relapse", "death", "relapse", "none", "relapse")


def _predictions() -> pd.DataFrame:
    """Four cases of high and four of low risk, and a second repeat that must not count."""
    first = pd.DataFrame({"level": LEVELS, "time": np.arange(1.0, 9.0), "high_risk": [True] * 4 + [False] * 4})
    facts = {"split": "nested", "blocks": "b", "model": "cox", "cohort": "toy"}
    first = first.assign(**facts, repeat=0, event=first["level"] == "relapse")
    return pd.concat([first, first.assign(repeat=1, time=99.0)], ignore_index=True)


def test_other_events_compete_in_the_curves_and_are_censored_in_the_test() -> None:
    (found,) = risk_groups(_predictions(), ANY_ENDPOINT["competing_risks"])
    assert found.high is not None and found.low is not None
    assert found.high.days == (0, 1, 2, 3, 4)
    np.testing.assert_allclose(found.high.share, (0, 1 / 4, 1 / 4, 1 / 4, 3 / 4))  # half are left for the one at risk
    assert (found.high.n, found.high.events, found.low.events) == (4, 2, 2)
    first = _predictions().query("repeat == 0")
    p, _ = logrank_p(first["time"].to_numpy(), first["event"].to_numpy(), first["high_risk"].to_numpy())
    assert found.p == p


def test_there_are_none_without_follow_up() -> None:
    assert risk_groups(_predictions(), ANY_ENDPOINT["ordinal"]) == ()


@pytest.mark.parametrize("kind", ["survival", "competing_risks"])
def test_follow_up_ends_at_the_horizon(kind: str) -> None:
    endpoint = ANY_ENDPOINT[kind].model_copy(update={"horizon_days": 3.0})
    (found,) = risk_groups(_predictions(), endpoint)
    assert found.high is not None
    assert found.low is not None
    assert (found.high.days, found.high.risk_days[-1], found.high.at_risk[-1]) == ((0, 1, 2, 3), 3, 2)
    assert (found.high.events, found.low.events, found.low.days) == (1, 0, (0, 3))
    first = _predictions().query("repeat == 0")
    time, event = first["time"].to_numpy(), first["event"].to_numpy() & (first["time"] <= 3).to_numpy()
    assert found.p == logrank_p(np.minimum(time, 3.0), event, first["high_risk"].to_numpy())[0]
    assert found.p != risk_groups(_predictions(), ANY_ENDPOINT[kind])[0].p


def test_cases_of_a_fold_without_a_cut_are_in_no_group() -> None:
    given = _predictions().astype({"high_risk": object})
    given.loc[[1, 5], "high_risk"] = None
    (found,) = risk_groups(given, ANY_ENDPOINT["survival"])
    assert found.high is not None
    assert found.low is not None
    assert (found.high.n, found.low.n) == (3, 3)
    (none,) = risk_groups(given.assign(high_risk=None), ANY_ENDPOINT["survival"])
    assert (none.high, none.low, none.p) == (None, None, None)
    assert none.reason == "no case of any training fold could be predicted out of fold, so that groups have no cut"


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=marks_of(kind, "")) for kind in of_columns(models_of("survival"))]
)
def test_the_cut_of_a_training_fold_parts_the_test_cases_in_halves(kind: str) -> None:
    """Models of inner folds have fewer training cases: a risk whose scale grew with them would put all into one group."""
    design = make_design("survival", n=100, p=3, nan=0.0, centres=1)
    study = make_study(models=[kind], splits=[{"kind": "nested", "folds": 4, "repeats": 1}])
    found = evaluate(design, study).predictions.query("blocks == 'radiomics'")
    assert 0.35 <= found["high_risk"].astype(float).mean() <= 0.65
