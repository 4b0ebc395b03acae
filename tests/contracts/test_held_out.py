"""Held-out rows, external cohorts and test cases: whatever stands in them, nothing that is decided about the others moves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import joblib
import numpy as np
import pytest

from features.core.design import Design
from tasks.modelling.evaluation.evaluate import evaluate
from tests.contracts.test_poison import poisoned
from tests.support.design import FAST, make_design, make_study

SPLITS = [{"kind": "nested", "folds": 2, "repeats": 1}, "centre_out"]
MODEL = {
    "binary": FAST,
    "survival": {"kind": "cox", "penalizer": [0.1]},
}


def decided(design: Design, **settings: Any) -> dict[str, Any]:
    """All that a study says of the rows that develop models, and every fitted model."""
    study = make_study(models=[MODEL[design.endpoint.kind]], **settings)
    result = evaluate(design, study, keep_models=True)
    told = ("singles", "selected", "n", "events", "counted", "small", "centres", "patients", "blocks")
    found = {name: repr(getattr(result, name)) for name in told}
    found["scores"] = [score for score in result.scores if not score.cohort]
    return found | {" ".join(map(str, key)): joblib.hash(fitted.state()) for key, fitted in result.models.items()}


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", MODEL)
def test_held_out_rows_move_no_model_no_other_score_and_no_choice(endpoint: str) -> None:
    design = make_design(endpoint, n=84, external=12, test=12)
    settings = {"external": ["other"], "splits": [*SPLITS, "given"]}
    clean = decided(design, **settings)
    assert {key.split()[0] for key in clean} >= {"nested", "centre_out", "given", "external"}
    for name, poison in poisoned(design, np.flatnonzero(~design.develops)):
        assert decided(poison, **settings) == clean, f"held-out rows had a say ({name})"


def test_a_study_says_the_same_of_its_cohorts_with_and_without_an_external_one() -> None:
    design = make_design(n=60, external=12)
    alone = decided(design.take(np.flatnonzero(design.develops)), splits=SPLITS)
    both = decided(design, splits=SPLITS, external=["other"])
    selected = both.pop("selected"), alone.pop("selected")
    assert selected[0].startswith(selected[1].removesuffix(")"))  # the models for the external cohort chose, too
    assert {key: value for key, value in both.items() if not key.startswith("external")} == alone


def test_garbage_in_one_external_cohort_moves_no_score_of_another() -> None:
    design = make_design(n=72, external=24)
    design = replace(design, cohorts=np.where(np.arange(72) < 60, design.cohorts, "third"))
    study = make_study(external=["other", "third"], splits=SPLITS)
    X = design.X.copy()
    X.iloc[60:] = -1e6
    clean, poisoned_ = (evaluate(one, study).scores for one in (design, replace(design, X=X)))
    assert [s for s in clean if s.cohort != "third"] == [s for s in poisoned_ if s.cohort != "third"]
    assert {(s.n, s.cohort) for s in clean if s.cohort} == {(12, "other"), (12, "third")}
