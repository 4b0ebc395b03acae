"""What the methods say of the visits of a patient."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from features.core.kinds.extractor import EXTRACTORS
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.study import Study
from tasks.reports.facts import Facts
from tasks.reports.sections.methods import _networks, _visits
from tasks.reports.study_report import render_report
from tests.support.design import make_design, make_study
from tests.support.page import Page


def study(**changes: Any) -> Study:
    settings = {
        "name": "s",
        "cohorts": ["c"],
        "endpoint": "e",
        "recipes": ["ct"],
        "models": ["svm"],
        "predict_at": "week5",
    }
    return Study.model_validate(
        {**settings, "blocks": {"b": ["delta" if "deltas" in changes else "radiomics"]}, **changes}
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        (
            {"deltas": [{"kind": "slope", "least": 3}, {"kind": "area", "how": ["mean"], "since": "week1"}]},
            "Slope from the first time point to week5, of radiomics, of at least 3 visits: The slope of the straight line that "
            "fits the values best over days (least squares), per day. Area from week1 to week5, of radiomics, as mean, of at "
            "least 2 visits: The area under the values over days, by trapezoids between the visits. Days are each patient's own "
            "where they are known, else the planned ones.",
        ),
        (
            {"deltas": [{"since": "baseline", "until": "week5", "how": ["relative"]}]},
            "Change from baseline to week5, of radiomics, as relative: The difference of the same feature at two time points.",
        ),
        (
            {"visits": "each", "scored_visit": "last"},
            "Each visit up to week5 is a row, with what was known by then, and all rows of the training patients train. A patient "
            "is predicted and counted once, at the last of these visits.",
        ),
    ],
)
def test_visits_are_told_as_a_study_uses_them(changes: dict[str, Any], told: str) -> None:
    assert _visits(study(**changes)) == told


def test_networks_are_told_with_their_weights() -> None:
    found = [
        EXTRACTORS.parse("efficientnet_lite0"),
        EXTRACTORS.parse(
            {
                "kind": "network",
                "weights": "random",
                "seed": 7,
                "architecture": "efficientnet_lite",
                "samplings": ["largest"],
            }
        ),
    ]
    said = _networks([one.said for one in found])
    assert (
        "efficientnet_lite0 (EfficientNet-Lite0, ImageNet; trained on ImageNet" in said
        and "Apache-2.0; sha-256 5793" in said
    )
    assert "shown largest, adjacent at 224 × 224, average of features" in said
    assert "efficientnet_lite0_random (efficientnet_lite0 with RANDOM WEIGHTS of seed 7), shown largest at" in said
    assert EXTRACTORS.parse("radweave").said == ""


@pytest.mark.slow
def test_draws_are_told_as_draws() -> None:
    """What a draw left out, the rule that corrects it, and no repeat nor the fold in which all cases train."""
    design = make_design("binary", n=48, nan=0.0)
    table = pd.DataFrame({"cohort": "toy", "centre": design.centres, "patient": design.patients}, index=design.X.index)
    splits = [{"kind": "bootstrap_632_plus", "repeats": 20, "inner_folds": 2}]
    study = make_study(models=["ridge_logistic"], splits=splits, thresholds="always")
    result = evaluate(replace(design, cohort_table=table), study)
    quarantine = pd.DataFrame({name: [] for name in ("case", "stage", "code", "message", "cohort")})
    report = render_report(study, result, Facts(table, {}, quarantine, {"code": "x"}, {}, [""] * len(table)))
    assert not report.errors
    text = Page(report.html).text
    assert "20 draws with replacement of as many patients as there are train" in text
    assert "That is put together with the score of a model of all cases on the same cases (.632+)." in text
    assert "cases that the first draw left out" in text
    assert "apparent" not in text
