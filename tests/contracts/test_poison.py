"""Poison test: whatever stands in the test rows, what was fitted on the training fold stays bit-identical."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar, Literal

import joblib
import numpy as np
import pandas as pd
import pytest

from features.core.design import EXTERNAL, TEST, Design
from features.core.outcome import Outcome
from tasks.modelling.candidate import parse_candidate
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.intervals.estimate import Models
from tasks.modelling.models.model import MODELS
from tasks.modelling.rows import Rows
from tasks.modelling.splits.split import SPLITS, Fold, Split
from tests.support.design import make_design, make_study
from tests.support.kinds import marks_of, of_columns, small_model

PAIRS = [(kind, endpoint) for kind in of_columns(MODELS.modules) for endpoint in sorted(MODELS.load(kind).endpoints)]
FIRST = dict(reversed(PAIRS))
STEPS = [type(step) for step in parse_candidate("cox").steps]


class Given(Split):
    """A fold that is given: shuffled test outcomes would otherwise move the stratified folds themselves."""

    models: ClassVar[Models] = "fixed"

    kind: Literal["given"] = "given"
    train: tuple[int, ...]
    test: tuple[int, ...]

    def cut(self, design: Design, seed: int) -> list[Fold]:
        return [Fold("given", 0, np.array(self.train), np.array(self.test))]


def one_fold(design: Design, kind: str) -> Fold:
    settings: dict[str, Any] = {"kind": kind, "folds": 3, "repeats": 1} if kind == "nested" else {"kind": kind}
    if kind == "internal_external":
        design = replace(design, cohorts=np.where(np.arange(len(design.X)) % 3 == 0, "toy", "other"))
    if kind == "temporal":
        settings["by"] = "year"
        design = replace(design, cohort_table=pd.DataFrame({"year": np.arange(len(design.X))}))
    held_out = np.where(np.arange(len(design.X)) % 3 == 0, {"external": EXTERNAL, "given": TEST}.get(kind, ""), "")
    return SPLITS.parse(settings).cut(replace(design, held_out=held_out), 0)[-1]


def poisoned(design: Design, rows: Any) -> Iterator[tuple[str, Design]]:
    rng = np.random.default_rng(9)
    for name in ("huge", "missing", "shuffled"):
        X, outcome = design.X.copy(), design.outcome
        if name == "huge":
            X.iloc[rows] = 1e6 * rng.normal(size=(len(rows), X.shape[1]))
        elif name == "missing":
            X.iloc[rows] = np.where(rng.random((len(rows), X.shape[1])) < 0.7, np.nan, -7.0)
        else:
            X.iloc[rows] = X.iloc[rng.permutation(rows)].to_numpy()
            outcome = other_outcome(outcome, rows)
        yield name, replace(design, X=X, outcome=outcome)


def other_outcome(outcome: Outcome, rows: Any) -> Outcome:
    """Of these rows everything else was seen."""
    codes = 2 if outcome.code.ndim > 1 else max(2, len(outcome.levels))
    code = outcome.code.copy()
    code[rows] = (code[rows] + 1) % codes if outcome.value is None else 0
    days, value = (None if part is None else part.copy() for part in (outcome.days, outcome.value))
    for part in (days, value):
        if part is not None:
            part[rows] = part[rows] * 3 + 1
    return Outcome(code, days, value, outcome.levels)


def fitted_state(design: Design, study: Any, probe: Any) -> tuple[str, Any]:
    result = evaluate(design, study, keep_models=True)
    ((_, fitted),) = result.models.items()
    prediction = fitted.predict(probe)
    return joblib.hash(fitted.state()), prediction.probability if prediction.risk is None else prediction.risk


def case(kind: str, split: str, endpoint: str = "") -> tuple[Design, Fold, Any]:
    design = make_design(endpoint or FIRST[kind], n=60)
    fold = one_fold(design, split)
    given = Given(train=tuple(map(int, fold.train)), test=tuple(map(int, fold.test)))
    return design, fold, make_study(models=[small_model(kind, trees=15, one_setting=True)], splits=[given])


@pytest.fixture(autouse=True)
def only_one_set_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the volume baseline there is exactly one fitted model to compare."""
    monkeypatch.setattr(
        "tasks.modelling.evaluation.evaluate.block_sets", lambda design, _: {"all": list(design.X.columns)}
    )


# What steps, splits and endpoints do is the same for every model: those that are not the usual ones are slow.
DRAWN = "bootstrap_632_plus"  # rows come twice, which is the same for every model too
SPLIT_BY = [
    pytest.param(
        kind, split, marks=[*marks_of(kind, ""), *[pytest.mark.slow] * (split == DRAWN and kind != "lasso_logistic")]
    )
    for kind in of_columns(MODELS.modules)
    for split in SPLITS.modules
]
OTHERS = [pytest.param(*pair, marks=marks_of(pair[0], "")) for pair in PAIRS if FIRST[pair[0]] != pair[1]]


@pytest.mark.parametrize(("kind", "split"), SPLIT_BY)
def test_test_rows_do_not_move_what_was_fitted(kind: str, split: str) -> None:
    _keeps_its_state(kind, split, FIRST[kind])


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "endpoint"), OTHERS)
def test_nor_for_any_other_endpoint(kind: str, endpoint: str) -> None:
    _keeps_its_state(kind, "nested", endpoint)


def _keeps_its_state(kind: str, split: str, endpoint: str) -> None:
    design, fold, study = case(kind, split, endpoint)
    clean, clean_scores = fitted_state(design, study, Rows.of(design))
    for name, poison in poisoned(design, fold.test):
        state, scores = fitted_state(poison, study, Rows.of(design))
        assert state == clean, f"{kind} of {endpoint} under {split} saw the test rows ({name})"
        np.testing.assert_array_equal(scores, clean_scores)


@pytest.mark.parametrize("step", STEPS)
def test_the_poison_test_catches_a_leak_in_any_step(step: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step in turn keeps a mean of all rows."""
    design, fold, study = case("cox", "nested")
    states, fit = [], step.fit_variants

    def leaky(self: Any, rows: Rows, target: Any, seed: int, variants: Any) -> Any:
        found = fit(self, rows, target, seed, variants)
        for one in found:
            learnt, mean = one.state(), np.tanh(np.nanmean(seen.X["radiomics_0"]))
            object.__setattr__(one, "state", lambda learnt=learnt, mean=mean: {**learnt, "leak": mean})
        return found

    monkeypatch.setattr(step, "fit_variants", leaky)
    for _, seen in [("clean", design), *poisoned(design, fold.test)]:
        states.append(fitted_state(seen, study, Rows.of(design))[0])
    assert states[1] != states[0]  # huge values
    assert states[2] != states[0]  # missing values


def test_the_poison_test_catches_selection_on_everything() -> None:
    design, fold, study = case("lasso_logistic", "nested")
    everybody = Given(train=tuple(range(len(design.X))), test=tuple(map(int, fold.test)))
    leaking = study.model_copy(update={"splits": (everybody,)})
    clean = fitted_state(design, leaking, Rows.of(design))[0]
    assert all(fitted_state(poison, leaking, Rows.of(design))[0] != clean for _, poison in poisoned(design, fold.test))
