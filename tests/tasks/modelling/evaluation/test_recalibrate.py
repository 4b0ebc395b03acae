"""Recalibration of saved models: the lines of other programs on public tables; no case tells how it is predicted itself."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.core.design import Design
from features.core.errors import FitError
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.fit_final import fit_final
from tasks.modelling.evaluation.nomogram import Nomogram, horizon_of, nomogram_of
from tasks.modelling.evaluation.recalibrate import cross_fitted, expected_events, recalibrate_final
from tasks.modelling.rows import Rows
from tasks.modelling.saved.saved_final import final_of, saved
from tasks.modelling.target import Target
from tests.support.design import make_design, make_study
from tests.support.public_tables import nki70
from tests.support.radmlbench import read_radmlbench

STEPS = ["drop_constant", "median", "zscore", {"kind": "screen", "k": [4]}]


def design_of(rows: Rows, target: Target, every: slice) -> Design:
    X = pd.DataFrame(rows.X, columns=rows.columns.names, index=[f"toy:p{i}" for i in range(len(rows))])[every]
    patients = np.array([one.split(":")[1] for one in X.index])
    outcome = target.outcome.take(np.arange(len(rows))[every])
    where = np.full(len(X), "a")
    return Design(X, dict.fromkeys(X.columns, "radiomics"), outcome, target.endpoint, patients, where)


@cache
def fitted(folder: Path, model: str) -> tuple[Final, Rows, Any]:
    """A model of half of a public table, and the rows and outcomes of the other half."""
    if model == "ridge_cox":
        table = nki70(folder)
        rows, target = table.rows, replace(table.target, outcome=table.target.outcome)
    else:
        rows, target = read_radmlbench(folder, "WORC-Lipo", columns=40)
    design, other = design_of(rows, target, slice(0, None, 2)), design_of(rows, target, slice(1, None, 2))
    settings = {"name": model, "steps": STEPS, "model": {"kind": model}, "fusion": "together"}
    study = make_study(models=[settings], blocks={"one": ["radiomics"]})
    return fit_final(design, study, "one", model), Rows.of(other), other.outcome


def log_odds(final: Final, rows: Rows) -> Any:
    risk = final.predict(rows).risk
    assert risk is not None
    return final.line[0] + final.line[1] * risk


@pytest.mark.parametrize(("way", "theirs"), [("intercept", (0.84026877, 1.0)), ("slope", (2.69626328, 4.98180588))])
def test_lines_of_yes_or_no_are_those_of_a_regression_with_an_offset(public_data: Path, way: Any, theirs: Any) -> None:
    """GLM(Binomial, offset=log odds), and with the log odds as its column, of statsmodels 0.15.0, tol 1e-14."""
    final, rows, outcome = fitted(public_data, "ridge_logistic")
    said, y = log_odds(final, rows), outcome.flag.astype(float)
    moved = recalibrate_final(final, rows, outcome, way, "new", "0" * 64)
    assert moved.recalibration is not None
    ours = (moved.recalibration.intercept, moved.recalibration.slope)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    np.testing.assert_allclose(log_odds(moved, rows), ours[0] + ours[1] * said, rtol=0, atol=1e-9)
    likely = 1 / (1 + np.exp(-log_odds(moved, rows)))
    np.testing.assert_allclose(likely.sum(), y.sum(), rtol=1e-8)  # right on average, which is what an intercept is for
    again = recalibrate_final(moved_back(moved), rows, outcome, way, "new", "0" * 64).recalibration
    assert again is not None
    np.testing.assert_allclose((again.intercept, again.slope), (0.0, 1.0), atol=1e-6)  # there is nothing left to do


def moved_back(moved: Final) -> Final:
    return replace(moved, recalibration=None)


@pytest.mark.parametrize(("way", "theirs"), [("intercept", (-0.29579611, 1.0)), ("slope", (-0.23254125, 0.49959293))])
def test_lines_of_survival_are_those_of_a_poisson_regression_of_expected_events(
    public_data: Path, way: Any, theirs: Any
) -> None:
    """GLM(Poisson, offset=log expected events), and with the risk as column, offset less the risk, of statsmodels 0.15.0."""
    final, rows, outcome = fitted(public_data, "ridge_cox")
    prediction = final.predict(rows)
    expected, seen = expected_events(prediction, outcome)
    risk, there = prediction.risk, expected > 0
    assert risk is not None and not seen[~there].any() and there.sum() > 60
    moved = recalibrate_final(final, rows, outcome, way, "new", "0" * 64)
    assert moved.recalibration is not None
    ours = (moved.recalibration.intercept, moved.recalibration.slope)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)
    now = moved.predict(rows)
    np.testing.assert_allclose(expected_events(now, outcome)[0].sum(), seen.sum(), rtol=1e-8)
    assert now.risk is not None and moved.cut == final.cut
    np.testing.assert_array_equal(now.risk, risk)  # the order of the cases stays, and so do the groups of risk
    found = nomogram_of(moved, rows)
    assert isinstance(found, Nomogram)
    day = np.array([horizon_of(moved)])
    own = {name: i for i, name in enumerate(rows.columns.names.tolist())}
    score = found.lowest + sum(axis.weight * (rows.X[:, own[axis.column]] - axis.start) for axis in found.axes)
    assert now.incidence is not None
    np.testing.assert_allclose(np.exp(-np.exp(score)), 1 - now.incidence.at(day)[:, 0, 0], rtol=0, atol=1e-6)


def toy(kind: str = "binary", model: str = "ridge_logistic", **changes: Any) -> tuple[Final, Rows, Any]:
    """A model of 100 toy cases, and 160 others of another centre."""
    design = make_design(kind, n=260, nan=0.0)
    settings = {"name": model, "steps": STEPS, "model": {"kind": model}, "fusion": "together", **changes}
    final = fit_final(
        design.take(np.arange(100)), make_study(models=[settings], blocks={"b": ["radiomics", "clinical"]}), "b", model
    )
    other = design.take(np.arange(100, 260))
    return final, Rows.of(other), other.outcome


@pytest.mark.parametrize(("kind", "model"), [("binary", "ridge_logistic"), ("survival", "coxnet")])
def test_a_refit_learns_weights_threshold_and_probabilities_and_keeps_the_steps(kind: str, model: str) -> None:
    final, rows, outcome = toy(kind, model)
    moved = recalibrate_final(final, rows, outcome, "refit", "new", "0" * 64)
    assert set(moved.selected) <= set(rows.columns.names) and moved.selected != final.selected
    assert moved.fitted.chains == final.fitted.chains  # type: ignore[attr-defined]
    assert np.isfinite(moved.cut) and moved.cut != final.cut
    assert moved.recalibration is not None and moved.recalibration.n == 160
    structure, arrays = saved(moved)
    read = final_of(structure, arrays)
    ours, theirs = moved.predict(rows).risk, read.predict(rows).risk
    assert ours is not None and theirs is not None
    np.testing.assert_array_equal(ours, theirs)
    assert read.recalibration is not None and read.recalibration.way == "refit"


@pytest.mark.parametrize("way", ["intercept", "slope", "refit"])
@pytest.mark.parametrize("kind", ["binary", "survival"])
def test_outcomes_of_a_case_do_not_move_its_own_prediction_after(kind: str, way: Any) -> None:
    final, rows, outcome = toy(kind, "ridge_logistic" if kind == "binary" else "ridge_cox")
    for i, (model, test) in enumerate(cross_fitted(final, rows, outcome, way, 0)[:2]):
        assert model.recalibration is None and len(test) in range(20, 45), i
        X = rows.X.copy()
        X[test] = 1.0  # nor do its values
        moved = cross_fitted(final, replace(rows, X=X), outcome, way, 0)[i][0]
        if kind == "binary":
            assert moved.line == model.line
        ours, theirs = (one.predict(rows) for one in (model, moved))
        assert ours.risk is not None and theirs.risk is not None
        np.testing.assert_array_equal(ours.risk, theirs.risk)
        if ours.incidence is not None and theirs.incidence is not None:
            np.testing.assert_array_equal(ours.incidence.value, theirs.incidence.value)


def test_what_cannot_be_recalibrated_is_refused_with_what_can() -> None:
    final, rows, outcome = toy()
    few = np.flatnonzero(outcome.flag)[:15].tolist() + np.flatnonzero(~outcome.flag)[:70].tolist()
    told = (
        "85 cases, 15 .*: too few to recalibrate by slope; needed: 20 cases of each of yes and no; allowed: intercept"
    )
    with pytest.raises(FitError, match=told):
        recalibrate_final(final, rows.take(few), outcome.take(np.array(few)), "slope", "new", "")
    moved = recalibrate_final(final, rows, outcome, "intercept", "new", "")
    with pytest.raises(FitError, match="was recalibrated on new already"):
        recalibrate_final(moved, rows, outcome, "slope", "newer", "")
    with pytest.raises(FitError, match="orders these cases the wrong way round"):
        recalibrate_final(final, rows, replace(outcome, code=1 - outcome.code), "slope", "new", "")
    number, rows, outcome = toy("continuous", "ridge")
    with pytest.raises(FitError, match="models of yes or no and of survival can be recalibrated"):
        recalibrate_final(number, rows, outcome, "slope", "new", "")
    forest, rows, outcome = toy("survival", "survival_forest")
    with pytest.raises(FitError, match="no log hazard ratio of proportional hazards"):
        recalibrate_final(forest, rows, outcome, "slope", "new", "")
