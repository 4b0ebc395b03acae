"""Priority LASSO beside a loop over cv.glmnet of R, as prioritylasso runs it, and what it says where it cannot be fitted.

tests/golden/priority_lasso.csv: R 4.2.2, glmnet 4.1-6. nki70: clinical columns, then 70 genes; a LASSO for each block by
cv.glmnet with the same folds, standardize = FALSE, 50 penalties, lambda.min, and the blocks before as offset.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.errors import FitError
from features.core.outcome import Outcome
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.models.priority_lasso import FittedPriorityLasso, PriorityLasso
from tasks.modelling.rows import Columns, Rows
from tasks.modelling.solvers.offset_lasso import answers_of, lasso_beside
from tasks.modelling.splits.split import grouped_folds
from tasks.modelling.target import Target
from tests.support.design import ANY_ENDPOINT, make_design, make_rows

GOLDEN = Path(__file__).parents[3] / "golden" / "priority_lasso.csv"
KINDS = ["binary", "continuous", "survival"]
ORDER = ("clinical", "genomic")


def blocked(folder: Path, endpoint: str) -> tuple[Rows, Target]:
    """nki70, standardised: metastasis as yes and no, its time, or the age as a number."""
    table = pd.read_csv(folder / "genomic-survival" / "nki70_breast_144x77.csv")
    X = pd.get_dummies(table.iloc[:, 2:], drop_first=True).astype(float)
    value = X["Age"].to_numpy()
    X = X.drop(columns="Age") if endpoint == "continuous" else X
    genes = set(table.columns[-70:])
    clinical = [name for name in X if name not in genes]
    X = X[[*clinical, *(name for name in X if name in genes)]]
    rows = make_rows({name: (X[name] - X[name].mean()) / X[name].std(ddof=0) for name in X})
    blocks = np.array(["clinical"] * len(clinical) + ["genomic"] * 70)
    rows = Rows(rows.X, Columns(rows.columns.names, blocks), rows.groups)
    event = table["event"].to_numpy() == 1
    outcome = {
        "binary": Outcome.of_flag(event),
        "continuous": Outcome.of_value(value),
        "survival": Outcome.of_days(event, table["time"].to_numpy(float)),
    }[endpoint]
    return rows, Target(outcome, ANY_ENDPOINT[endpoint])


@pytest.mark.data
@pytest.mark.parametrize("offsets", ["fitted", "cross_validated"])
@pytest.mark.parametrize("endpoint", KINDS)
def test_every_block_is_that_of_a_loop_over_cv_glmnet(endpoint: str, offsets: Any, public_data: Path) -> None:
    """Penalty, deviance in folds, intercept and coefficients; largest difference of a coefficient 0.00001."""
    golden = pd.read_csv(GOLDEN, sep=";", comment="#")
    peer = golden[(golden["endpoint"] == endpoint) & (golden["offsets"] == offsets)].set_index("what")["value"]
    rows, target = blocked(public_data, endpoint)
    groups = rows.groups
    folds = grouped_folds(target.endpoint, target.outcome, groups["patient"], 5, 3, groups["centre"])
    answers, offset = answers_of(target.outcome, target.endpoint.predicted), np.zeros(len(rows))
    fitted = PriorityLasso(order=ORDER, offsets=offsets).fit(rows, target, 3)
    for block, penalty, count in fitted.kept:
        own = rows.columns.blocks == block
        X = np.ascontiguousarray(rows.X[:, own])
        settings: dict[str, Any] = {"count": 50, "smallest": 0.01 if X.shape[1] >= len(X) else 0.001}
        one = lasso_beside(X, answers, offset, folds, rule="best", **settings)
        strict = lasso_beside(X, answers, offset, folds, rule="one_se", **settings)
        weights = np.array([peer.get(f"{block} {i}", 0.0) for i in range(X.shape[1])])
        assert penalty == one.penalty == pytest.approx(peer[f"{block} penalty"], rel=2e-5)
        assert one.costs.min() == pytest.approx(peer[f"{block} cost"], rel=2e-5)
        assert strict.penalty == pytest.approx(peer[f"{block} one_se"], rel=2e-5)
        assert one.weights[0] == pytest.approx(peer[f"{block} intercept"], abs=2e-5)
        np.testing.assert_allclose(one.weights[1:], weights, atol=2e-5)
        np.testing.assert_array_equal(fitted.importance()[own], one.weights[1:])
        assert count == np.count_nonzero(one.weights[1:])
        offset = one.told if offsets == "fitted" else one.held_out


@pytest.mark.parametrize("endpoint", ["binary", "continuous", "survival", "competing_risks"])
def test_a_block_that_says_what_an_earlier_one_says_adds_nothing(endpoint: str) -> None:
    design = make_design(endpoint, n=120, nan=0.0, signal=3.0)
    signal = design.X["radiomics_0"].to_numpy()
    rows = make_rows({"first": signal, "same": signal, "noise": design.X["radiomics_3"]})
    rows = Rows(rows.X, Columns(rows.columns.names, np.array(["early", "late", "late"])), rows.groups)
    target = Target(design.outcome, design.endpoint)
    for order, place in ((("early", "late"), 0), (("late", "early"), 1)):
        found = PriorityLasso(order=order, rule="one_se").fit(rows, target, 0)
        assert np.abs(found.importance()).argmax() == place
        assert abs(found.importance()[1 - place]) < 0.2 * abs(found.importance()[place])
        assert [block for block, *_ in found.kept] == list(order)


def test_cross_validated_offsets_are_of_models_that_did_not_see_the_case() -> None:
    """At the chosen penalty; what is fitted to all cases goes along with their outcome more than that."""
    design = make_design(n=80, p=60, nan=0.0, signal=1.0)
    X = np.ascontiguousarray(design.X[[f"radiomics_{i}" for i in range(60)]].to_numpy())
    answers, offset, y = answers_of(design.outcome, "risk"), np.linspace(-1, 1, 80), design.outcome.flag
    folds = grouped_folds(design.endpoint, design.outcome, design.groups, 4, 0)
    one = lasso_beside(X, answers, offset, folds, count=20, smallest=0.1, rule="best")
    assert np.count_nonzero(one.weights[1:])
    for train, test in folds:
        own = answers.take(train).path(X[train], offset[train], np.array([one.penalty]), 1e-7)[0]
        np.testing.assert_allclose(one.held_out[test], offset[test] + own[0] + X[test] @ own[1:], atol=1e-3)
    gains = [told[y].mean() - told[~y].mean() for told in (one.told - offset, one.held_out - offset)]
    assert gains[0] > gains[1]


def test_one_block_needs_no_order_and_others_a_place() -> None:
    design = make_design(nan=0.0, n=60)
    rows, target = Rows.of(design), Target(design.outcome, design.endpoint)
    rows = rows.keep(~np.isin(rows.columns.names, ["radiomics_constant", "radiomics_empty"]))
    alone = PriorityLasso().fit(rows.keep(rows.columns.blocks == "radiomics"), target, 0)
    assert isinstance(alone, FittedPriorityLasso) and [block for block, *_ in alone.kept] == ["radiomics"]
    with pytest.raises(
        FitError, match="no place in the order for clinical, region; order names radiomics; name every block"
    ):
        PriorityLasso(order=("radiomics",)).fit(rows, target, 0)
    some = PriorityLasso(order=("genomic", "region", "clinical")).fit(
        rows.keep(np.isin(rows.columns.blocks, ["clinical", "region"])), target, 0
    )
    assert [block for block, *_ in some.kept] == ["region", "clinical"]


def test_too_few_events_and_one_class_are_told() -> None:
    rows = make_rows({"a": np.arange(40.0), "b": np.arange(40.0) % 7})
    one = Target(Outcome.of_flag(np.arange(40) == 3), ANY_ENDPOINT["binary"])
    with pytest.raises(FitError, match="40 cases of 40 patients.*do not allow two folds"):
        PriorityLasso().fit(rows, one, 0)
    wild = Target(Outcome.of_flag(np.arange(40) % 2 == 1), ANY_ENDPOINT["binary"])
    with pytest.raises(ValueError, match="priority LASSO, block radiomics: infinite or missing values: 6 of 80"):
        PriorityLasso().fit(rows.with_values(np.where(rows.X == 5, np.inf, rows.X)), wild, 0)


def test_its_candidate_shows_it_all_blocks_and_another_fusion_is_a_fault() -> None:
    assert parse_candidate("priority_lasso").fusion.kind == "together"
    with pytest.raises(
        ValueError, match='fusion: priority_lasso goes over the blocks itself: leave out the fusion "scaled"'
    ):
        parse_candidate({"model": "priority_lasso", "fusion": "scaled"})


def test_a_column_that_separates_the_classes_is_told() -> None:
    rng = np.random.default_rng(0)
    flag = np.arange(60) % 2 == 0
    target = Target(Outcome.of_flag(flag), ANY_ENDPOINT["binary"])
    for column, told in ((np.where(flag, 1.0, -1.0), 1), (flag + rng.normal(size=60), 0)):
        found = PriorityLasso().fit(make_rows({"a": column, "b": rng.normal(size=60)}), target, 0)
        assert sum("look whether it tells the outcome" in note for note in found.notes()) == told
        assert np.isfinite(found.importance()).all()
