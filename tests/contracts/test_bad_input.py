"""What every model, split and metric does with tables that allow nothing: a finite answer, or a sentence with numbers."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.design import Design
from features.core.errors import FitError
from features.core.outcome import Outcome
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.evaluation.fold_fit import FoldFit
from tasks.modelling.fusion.fusion import Joined
from tasks.modelling.metrics.metric import Scored, all_metrics_of
from tasks.modelling.models.model import MODELS
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Rows
from tasks.modelling.splits.split import SPLITS, Fold, cut_folds
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, make_design
from tests.support.kinds import marks_of, of_columns, small_model

PAIRS = [(kind, endpoint) for kind in of_columns(MODELS.modules) for endpoint in sorted(MODELS.load(kind).endpoints)]
TRAIN, TEST = np.flatnonzero(np.arange(60) % 3 != 0), np.flatnonzero(np.arange(60) % 3 == 0)
every_pair = pytest.mark.parametrize(
    ("kind", "endpoint"), [pytest.param(*pair, marks=marks_of(*pair), id=" ".join(pair)) for pair in PAIRS]
)
Change = Callable[[Design], Design]


def plain(endpoint: str) -> Design:
    """Three columns of one block, without gaps."""
    design = make_design(endpoint, n=60, p=3, nan=0.0)
    columns = [f"radiomics_{i}" for i in range(3)]
    return replace(design, X=design.X[columns], blocks=dict.fromkeys(columns, "radiomics"))


def with_cells(rows: Any, value: float) -> Change:
    def changed(design: Design) -> Design:
        X = design.X.copy()
        X.iloc[rows] = value
        return replace(design, X=X)

    return changed


def all_alike(design: Design) -> Design:
    """In training nothing was seen, or one number."""
    code, value = design.outcome.code.copy(), design.outcome.value
    code[TRAIN] = 0
    if value is not None:
        value = value.copy()
        value[TRAIN] = 3.0
    return replace(design, outcome=Outcome(code, design.outcome.days, value, design.outcome.levels))


def on_one_day(design: Design) -> Design:
    if design.outcome.days is None:
        return design
    return replace(design, outcome=replace(design.outcome, days=np.full(60, 100.0)))


def fit(kind: str, design: Design, train: Any = TRAIN) -> Joined:
    one = parse_candidate(small_model(kind, trees=10, one_setting=True))
    rows, target = Rows.of(design), Target(design.outcome, design.endpoint)
    fold = FoldFit(rows, target, Fold("one", 0, train, TEST), inner_folds=2, split="given", seed=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what is not said in the result would be said on the screen
        return one.fusion.fit(fold, one.steps, one.model, np.arange(len(rows.columns)), own=False)


def is_finite(prediction: Prediction) -> bool:
    parts = [prediction.risk, prediction.probability, prediction.value]
    parts += [prediction.incidence.value] if prediction.incidence is not None else []
    return all(np.isfinite(part).all() for part in parts if part is not None)


@every_pair
def test_a_training_fold_that_teaches_nothing_is_a_reason_with_numbers(kind: str, endpoint: str) -> None:
    for change in (all_alike, with_cells(TRAIN, np.nan), with_cells(np.arange(60), 1.0)):
        found = fit(kind, change(plain(endpoint)))
        assert found.prediction is None
        assert re.search(r"\d", found.reason) and 20 < len(found.reason) <= 200, found.reason


@pytest.mark.slow
@every_pair
def test_what_is_odd_in_few_cases_gives_a_finite_answer_or_a_reason(kind: str, endpoint: str) -> None:
    odd = with_cells(TEST, np.nan), with_cells(TEST[:2], 1e300), with_cells(TRAIN[:1], -1e300), on_one_day
    for change in odd:
        found = fit(kind, change(plain(endpoint)))
        assert is_finite(found.prediction) if found.prediction is not None else re.search(r"\w{4}", found.reason)
    few = fit(kind, plain(endpoint), TRAIN[:9])
    assert is_finite(few.prediction) if few.prediction is not None else re.search(r"\d", few.reason), few.reason


@pytest.mark.parametrize("kind", SPLITS.modules)
def test_a_split_that_the_cases_do_not_allow_says_what_is_needed(kind: str) -> None:
    """One case of one centre and cohort, no event, nobody held out, nothing that says when."""
    design = plain("binary").take(np.arange(1))
    settings = {"kind": kind, "by": "year"} if kind == "temporal" else kind
    with pytest.raises(FitError) as refused:
        cut_folds(SPLITS.parse(settings), replace(design, cohort_table=pd.DataFrame({"year": [2001.0]})), 0)
    assert len(str(refused.value)) > 30


@pytest.mark.parametrize("endpoint", ANY_ENDPOINT)
def test_a_metric_without_what_it_judges_says_what_is_missing(endpoint: str) -> None:
    design = plain(endpoint)
    nothing = Prediction(risk=None)
    rows = np.arange(60)
    folds = [Scored(rows, design.outcome, nothing, design.outcome, design.endpoint, design.centres)]
    for metric in all_metrics_of(design.endpoint):
        found = metric.estimate(folds, design.patients, "fixed")
        assert found.value is None and len(found.reason) > 20, metric.kind
