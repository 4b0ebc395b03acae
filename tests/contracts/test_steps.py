"""What every step keeps, whichever stage it is of: it learns from training rows alone, and does the same to each row."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import joblib
import numpy as np
import pytest

from features.core.design import Design
from features.core.errors import FitError
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.evaluation.fold_fit import FoldFit
from tasks.modelling.linear import Linear
from tasks.modelling.preprocessing.step import STEPS, FittedStep, Step
from tasks.modelling.rows import Rows
from tasks.modelling.splits.split import Fold
from tasks.modelling.target import Target
from tests.contracts.test_poison import one_fold, poisoned
from tests.support.design import ANY_ENDPOINT, make_design
from tests.support.kinds import settings_of

SLOW = [kind for kind in STEPS.modules if STEPS.load(kind).costly]
KINDS = [pytest.param(kind, marks=pytest.mark.slow) if kind in SLOW else kind for kind in STEPS.modules]
ALL = pytest.mark.parametrize("kind", KINDS)
SELECTION = [kind for kind in STEPS.modules if STEPS.load(kind).stage == "select"]


def step_of(kind: str, **settings: Any) -> Step:
    return STEPS.parse({**settings_of(STEPS, kind), **settings})


def made(endpoint: str = "binary", **settings: Any) -> tuple[Rows, Target]:
    design = make_design(endpoint, n=60, descriptors=True, **settings)
    return Rows.of(design), Target(design.outcome, design.endpoint)


def prepared(kind: str, rows: Rows, target: Target) -> Rows:
    """Rows as they come to the step: cleaned, and filled in unless it takes missing values."""
    is_first = STEPS.load(kind).stage in ("clean", "encode") and STEPS.load(kind).takes_missing
    for one in [
        *([] if is_first else ["drop_constant"]),
        *([] if STEPS.load(kind).takes_missing else ["drop_constant", "median"]),
    ]:
        rows = STEPS.parse(one).fit(rows, target, 0).apply(rows)
    return rows


def ready(kind: str) -> tuple[Step, Rows, Target]:
    rows, target = made()
    return step_of(kind), prepared(kind, rows, target), target


def with_others(kind: str) -> list[Any]:
    """Steps of a candidate, among which this one is where it may be."""
    step, one = step_of(kind), settings_of(STEPS, kind)
    before = [] if kind == "drop_constant" else ["drop_constant"]
    if step.stage == "encode" and step.takes_missing:
        return [one, "drop_constant", "median", "zscore"]
    if step.takes_missing:
        return [*before, one, *([] if step.fills else ["median"]), "zscore"]
    if step.stage == "select":
        return [*before, "median", "zscore", one]
    return [*before, "median", one, *([] if step.stage == "scale" else ["zscore"])]


def state_of(design: Design, steps: list[Any], fold: Fold) -> tuple[str, Any]:
    """What is fitted on a fold, and what it makes of rows that do not depend on the design."""
    rows, target = Rows.of(design), Target(design.outcome, design.endpoint)
    one = parse_candidate({"name": "one", "model": {"kind": "lasso_logistic", "C": [0.3]}, "steps": steps})
    found = FoldFit(rows, target, fold, inner_folds=2, split="given", seed=0).table(
        one.steps, one.model, np.arange(len(rows.columns))
    )
    assert found.fitted is not None, found.reason
    return joblib.hash(found.fitted.state()), found.fitted


@ALL
def test_test_rows_do_not_move_what_was_fitted(kind: str) -> None:
    design = make_design(n=60, descriptors=True)
    fold = one_fold(design, "nested")
    steps = with_others(kind)
    clean, fitted = state_of(design, steps, fold)
    scores = fitted.predict(Rows.of(design)).risk
    for name, poison in poisoned(design, fold.test):
        state, again = state_of(poison, steps, fold)
        assert state == clean, f"{kind} saw the test rows ({name})"
        np.testing.assert_array_equal(again.predict(Rows.of(design)).risk, scores)


@ALL
def test_the_same_rows_and_seed_give_the_same_step(kind: str) -> None:
    step, rows, target = ready(kind)
    one, two = (joblib.hash(step.fit(rows, target, 3).state()) for _ in range(2))
    assert one == two


@ALL
def test_variants_are_what_each_gives_alone(kind: str) -> None:
    step, rows, target = ready(kind)
    variants = step.variants()
    together = step.fit_variants(rows, target, 0, variants)
    for variant, found in zip(variants, together, strict=True):
        assert joblib.hash(found.state()) == joblib.hash(variant.fit(rows, target, 0).state())


@ALL
def test_each_row_is_treated_for_itself(kind: str) -> None:
    step, rows, target = ready(kind)
    fitted = step.fit(rows, target, 0)
    together = fitted.apply(rows)
    for i in (0, 7, 59):
        alone = fitted.apply(rows.take(np.array([i])))
        np.testing.assert_allclose(alone.X[0], together.X[i], rtol=1e-12)
    back = fitted.apply(rows.take(np.arange(60)[::-1]))
    np.testing.assert_allclose(back.X[::-1], together.X, rtol=1e-12)


@ALL
def test_a_score_of_what_it_makes_is_the_same_score_of_the_columns_before_it_where_it_can_be_undone(kind: str) -> None:
    step, rows, target = ready(kind)
    fitted = step.fit(rows, target, 0)
    made_of = fitted.apply(rows)
    weights = np.random.default_rng(0).normal(size=len(made_of.columns))
    given = Linear(0.5, dict(zip(made_of.columns.names.tolist(), weights.tolist(), strict=True)))
    found = fitted.undo(given, rows.columns)
    assert (found is None) == (type(fitted).undo is FittedStep.undo)
    if found is None:
        return
    place = [rows.columns.names.tolist().index(name) for name in found.weights]
    X = rows.X[:, place]
    known = np.flatnonzero(~np.isnan(X).any(axis=1) & ~np.isnan(made_of.X).any(axis=1))
    score = found.constant + X[known] @ np.array(list(found.weights.values()))
    np.testing.assert_allclose(score, 0.5 + made_of.X[known] @ weights, rtol=1e-8, atol=1e-8)


@ALL
def test_rows_stay_and_nothing_is_written_into_them(kind: str) -> None:
    step, rows, target = ready(kind)
    before = rows.X.copy()
    found = step.fit(rows, target, 0).apply(rows)
    np.testing.assert_array_equal(rows.X, before)
    assert found.X.shape == (60, len(found.columns))
    assert len(set(found.columns.names)) == len(found.columns)
    blocks = dict(zip(rows.columns.names, rows.columns.blocks, strict=True))
    new = set(found.columns.names) - set(rows.columns.names)
    assert not new or step.makes_columns
    for name, block in zip(found.columns.names, found.columns.blocks, strict=True):
        assert block == blocks[name] if name not in new else block in blocks.values()
    for name, values in rows.groups.items():
        np.testing.assert_array_equal(found.groups[name], values)


@ALL
def test_the_order_of_columns_does_not_matter(kind: str) -> None:
    rows, target = made("continuous")
    rows = prepared(kind, rows.keep(rows.columns.names != "radiomics_double"), target)  # of doubles the first one stays
    order = np.random.default_rng(0).permutation(len(rows.columns))
    one, two = (step_of(kind).fit(part, target, 0).apply(part) for part in (rows, rows.keep(order)))
    assert set(one.columns.names) == set(two.columns.names)
    place = {name: i for i, name in enumerate(two.columns.names)}
    np.testing.assert_allclose(one.X, two.X[:, [place[name] for name in one.columns.names]], rtol=1e-8, atol=1e-8)


@ALL
def test_missing_values_are_left_filled_in_or_refused(kind: str) -> None:
    """Never handed on as a number by a step that does not fill in."""
    rows, target = made(nan=0.2)
    step = step_of(kind)
    rows = STEPS.parse("drop_constant").fit(rows, target, 0).apply(rows)
    if step.takes_missing:
        found = step.fit(rows, target, 0).apply(rows)
        assert np.isnan(found.X).any() == (not step.fills)
        return
    filled = STEPS.parse("median").fit(rows, target, 0).apply(rows)
    fitted = step.fit(filled, target, 0)
    assert np.isfinite(fitted.apply(filled).X).all()
    try:
        found = fitted.apply(rows)
    except (FitError, ValueError):
        return
    of = {name: i for i, name in enumerate(rows.columns.names)}
    missing = np.isnan(rows.X[:, [of[name] for name in found.columns.names]])
    np.testing.assert_array_equal(np.isnan(found.X), missing)


@ALL
def test_a_step_for_some_blocks_lets_the_others_pass(kind: str) -> None:
    _, rows, target = ready(kind)
    step = step_of(kind, blocks=["clinical", "none_such"])
    (fitted,) = step.fit_own(rows, target, 0)[:1]
    found = fitted.apply(rows)
    other = rows.columns.blocks != "clinical"
    passed = found.columns.blocks != "clinical"
    assert found.columns.names[passed].tolist() == rows.columns.names[other].tolist()
    np.testing.assert_array_equal(found.X[:, passed], rows.X[:, other])
    (alone,) = step.fit_own(rows.keep(~other), target, 0)[:1]
    np.testing.assert_array_equal(found.X[:, ~passed], alone.apply(rows.keep(~other)).X)
    (nothing,) = step_of(kind, blocks=["none_such"]).fit_own(rows, target, 0)[:1]
    assert nothing.apply(rows) is rows


@pytest.mark.parametrize("endpoint", ANY_ENDPOINT)
@pytest.mark.parametrize("kind", [one for one in KINDS if one in SELECTION])
def test_selection_works_for_every_endpoint_and_finds_what_was_planted(kind: str, endpoint: str) -> None:
    design = make_design(endpoint, n=80, p=30, signal=3.0, nan=0.0)
    rows = Rows.of(design)
    rows = prepared("screen", rows.keep(rows.columns.blocks == "radiomics"), Target(design.outcome, design.endpoint))
    found = step_of(kind).fit(rows, Target(design.outcome, design.endpoint), 0).apply(rows)
    assert np.isfinite(found.X).all() and 0 < len(found.columns) <= len(rows.columns)
    if step_of(kind).makes_columns:
        signal = rows.X[:, rows.columns.names == "radiomics_0"].ravel()
        assert max(abs(np.corrcoef(signal, column)[0, 1]) for column in found.X.T) > 0.3
    else:
        assert "radiomics_0" in found.columns.names


@ALL
def test_only_selection_looks_at_the_outcome(kind: str) -> None:
    step, rows, target = ready(kind)
    other = replace(target, outcome=target.outcome.take(np.random.default_rng(1).permutation(60)))
    one, two = (joblib.hash(step.fit(rows, each, 0).state()) for each in (target, other))
    assert (one == two) == (not step.supervised)
    assert step.stage == "select" or not step.supervised


@ALL
def test_a_fitted_step_can_be_kept(kind: str) -> None:
    step, rows, target = ready(kind)
    fitted = step.fit(rows, target, 0)
    again: FittedStep = pickle.loads(pickle.dumps(fitted))  # noqa: S301 (made here)
    np.testing.assert_array_equal(again.apply(rows).X, fitted.apply(rows).X)
    assert again.remarks(rows) == fitted.remarks(rows) and again.notes() == fitted.notes()
    one, two = again.state(), fitted.state()
    assert list(one) == list(two)
    for name, values in one.items():
        np.testing.assert_array_equal(values, two[name])
