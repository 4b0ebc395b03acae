"""What every step keeps, whichever stage it is of: it learns from training rows alone, and does the same to each row."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import joblib
import numpy as np
import pytest

from features.core.errors import FitError
from tasks.modelling.preprocessing.step import STAGES, STEPS, FittedStep, Step
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tests.contracts.test_poison import Given, fitted_state, one_fold, poisoned
from tests.support.design import make_design, make_study

ALL = pytest.mark.parametrize("kind", STEPS.modules)
BEFORE = ["drop_constant", "median"]


def made(endpoint: str = "binary", **settings: Any) -> tuple[Rows, Target]:
    design = make_design(endpoint, n=60, descriptors=True, **settings)
    return Rows.of(design), Target(design.outcome, design.endpoint)


def prepared(kind: str, rows: Rows, target: Target) -> Rows:
    """Rows as they come to the step: cleaned, and filled in unless it does that itself."""
    stage = STEPS.load(kind).stage
    for one in BEFORE[: STAGES.index(stage)]:
        rows = STEPS.parse(one).fit(rows, target, 0).apply(rows)
    return rows


def ready(kind: str) -> tuple[Step, Rows, Target]:
    rows, target = made()
    return STEPS.parse(kind), prepared(kind, rows, target), target


@ALL
def test_test_rows_do_not_move_what_was_fitted(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tasks.modelling.evaluation.evaluate.block_sets", lambda design, _: {"all": list(design.X.columns)}
    )
    design = make_design(n=60, descriptors=True)
    fold = one_fold(design, "nested")
    given = Given(train=tuple(map(int, fold.train)), test=tuple(map(int, fold.test)))
    steps = list(dict.fromkeys([*BEFORE, kind, "zscore"]))
    model = {"name": "one", "model": {"kind": "lasso_logistic", "C": [0.3]}, "steps": steps}
    study = make_study(models=[model], splits=[given])
    clean, clean_scores = fitted_state(design, study, Rows.of(design))
    for name, poison in poisoned(design, fold.test):
        state, scores = fitted_state(poison, study, Rows.of(design))
        assert state == clean, f"{kind} saw the test rows ({name})"
        np.testing.assert_array_equal(scores, clean_scores)


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
def test_rows_stay_and_nothing_is_written_into_them(kind: str) -> None:
    step, rows, target = ready(kind)
    before = rows.X.copy()
    found = step.fit(rows, target, 0).apply(rows)
    np.testing.assert_array_equal(rows.X, before)
    assert found.X.shape == (60, len(found.columns))
    assert len(set(found.columns.names)) == len(found.columns)
    blocks = dict(zip(rows.columns.names, rows.columns.blocks, strict=True))
    new = set(found.columns.names) - set(rows.columns.names)
    assert not new or step.stage == "encode"
    for name, block in zip(found.columns.names, found.columns.blocks, strict=True):
        assert block == blocks[name] if name not in new else block in blocks.values()
    for name, values in rows.groups.items():
        np.testing.assert_array_equal(found.groups[name], values)


@ALL
def test_the_order_of_columns_does_not_matter(kind: str) -> None:
    rows, target = made("continuous")
    rows = prepared(kind, rows.keep(rows.columns.names != "radiomics_double"), target)  # of doubles the first one stays
    order = np.random.default_rng(0).permutation(len(rows.columns))
    one, two = (STEPS.parse(kind).fit(part, target, 0).apply(part) for part in (rows, rows.keep(order)))
    assert set(one.columns.names) == set(two.columns.names)
    place = {name: i for i, name in enumerate(two.columns.names)}
    np.testing.assert_allclose(one.X, two.X[:, [place[name] for name in one.columns.names]], rtol=1e-8, atol=1e-8)


@ALL
def test_missing_values_are_left_filled_in_or_refused(kind: str) -> None:
    """Never handed on as a number by a step that does not fill in."""
    rows, target = made(nan=0.2)
    step = STEPS.parse(kind)
    rows = STEPS.parse("drop_constant").fit(rows, target, 0).apply(rows)
    if step.stage in ("clean", "impute"):
        found = step.fit(rows, target, 0).apply(rows)
        assert np.isnan(found.X).any() == (step.stage == "clean")
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
def test_only_selection_looks_at_the_outcome(kind: str) -> None:
    step, rows, target = ready(kind)
    other = replace(target, outcome=target.outcome.take(np.random.default_rng(1).permutation(60)))
    one, two = (joblib.hash(step.fit(rows, each, 0).state()) for each in (target, other))
    assert (one == two) == (step.stage != "select")


@ALL
def test_a_fitted_step_can_be_kept(kind: str) -> None:
    step, rows, target = ready(kind)
    fitted = step.fit(rows, target, 0)
    again: FittedStep = pickle.loads(pickle.dumps(fitted))  # noqa: S301 (made here)
    np.testing.assert_array_equal(again.apply(rows).X, fitted.apply(rows).X)
    assert again.remarks(rows) == fitted.remarks(rows)
    one, two = again.state(), fitted.state()
    assert list(one) == list(two)
    for name, values in one.items():
        np.testing.assert_array_equal(values, two[name])
