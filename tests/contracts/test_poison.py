"""Poison test: whatever stands in the test rows, what was fitted on the training fold stays bit-identical."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import joblib
import numpy as np
import pytest

from features.core.design import Design
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.pipeline import build_pipeline, risk_score
from tasks.modelling.models.model import MODELS
from tasks.modelling.splits.split import SPLITS, Fold, Split
from tests.support.design import make_design, make_study
from tests.support.kinds import small_model

KINDS = list(MODELS.modules)
STEPS = dict(build_pipeline(MODELS.parse(KINDS[0]), MODELS.load(KINDS[0]).task, 0).steps)


class Given(Split):
    """A fold that is given: shuffled test outcomes would otherwise move the stratified folds themselves."""

    kind: Literal["given"] = "given"
    train: tuple[int, ...]
    test: tuple[int, ...]

    def cut(self, design: Design, seed: int) -> list[Fold]:
        return [Fold("given", 0, np.array(self.train), np.array(self.test))]


def one_fold(design: Design, kind: str) -> Fold:
    settings = {"kind": kind, "folds": 3, "repeats": 1} if kind == "nested" else {"kind": kind}
    return SPLITS.parse(settings).cut(design, 0)[1]


def poisoned(design: Design, rows: Any) -> Iterator[tuple[str, Design]]:
    rng = np.random.default_rng(9)
    for name in ("huge", "missing", "shuffled"):
        X, y = design.X.copy(), design.y.copy()
        if name == "huge":
            X.iloc[rows] = 1e6 * rng.normal(size=(len(rows), X.shape[1]))
        elif name == "missing":
            X.iloc[rows] = np.where(rng.random((len(rows), X.shape[1])) < 0.7, np.nan, -7.0)
        else:
            X.iloc[rows] = X.iloc[rng.permutation(rows)].to_numpy()
            y[rows] = y[rng.permutation(rows)]
            flipped = ~design.event[rows]
            if y.dtype == bool:
                y[rows] = flipped
            else:
                y["event"][rows], y["time"][rows] = flipped, y["time"][rows] * 3 + 1
        yield name, replace(design, X=X, y=y)


def fitted_state(design: Design, study: Any, probe: Any) -> tuple[str, Any]:
    result = evaluate(design, study, keep_models=True)
    ((_, pipeline),) = result.models.items()
    return joblib.hash(pipeline), risk_score(pipeline, probe)


def case(kind: str, split: str) -> tuple[Design, Fold, Any]:
    model = MODELS.parse(kind)
    design = make_design(model.task, n=60)
    fold = one_fold(design, split)
    given = Given(train=tuple(map(int, fold.train)), test=tuple(map(int, fold.test)))
    return design, fold, make_study(models=[small_model(kind, trees=15)], splits=[given], bootstrap=2)


@pytest.fixture(autouse=True)
def only_one_set_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the volume baseline there is exactly one fitted model to compare."""
    monkeypatch.setattr(
        "tasks.modelling.evaluation.evaluate.block_sets", lambda design, _: {"all": list(design.X.columns)}
    )


@pytest.mark.parametrize("split", list(SPLITS.modules))
@pytest.mark.parametrize("kind", KINDS)
def test_test_rows_do_not_move_what_was_fitted(kind: str, split: str) -> None:
    design, fold, study = case(kind, split)
    clean, clean_scores = fitted_state(design, study, design.X)
    for name, poison in poisoned(design, fold.test):
        state, scores = fitted_state(poison, study, design.X)
        assert state == clean, f"{kind} under {split} saw the test rows ({name})"
        np.testing.assert_array_equal(scores, clean_scores)


@pytest.mark.parametrize("step", STEPS)
def test_the_poison_test_catches_a_leak_in_any_step(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step in turn keeps a mean of all rows."""
    design, fold, study = case(KINDS[0], "nested")
    leaking, states = type(STEPS[step]), []
    fit = leaking.fit

    def leaky(self: Any, X: Any, y: Any = None) -> Any:
        found = fit(self, X, y)
        found.leak_ = np.tanh(np.nanmean(seen.X["radiomics_0"]))
        return found

    monkeypatch.setattr(leaking, "fit", leaky)
    for _, seen in [("clean", design), *poisoned(design, fold.test)]:
        states.append(fitted_state(seen, study, design.X)[0])
    assert states[1] != states[0]  # huge values
    assert states[2] != states[0]  # missing values


def test_the_poison_test_catches_selection_on_everything() -> None:
    design, fold, study = case("lasso_logistic", "nested")
    everybody = Given(train=tuple(range(len(design.X))), test=tuple(map(int, fold.test)))
    leaking = study.model_copy(update={"splits": (everybody,)})
    clean = fitted_state(design, leaking, design.X)[0]
    assert all(fitted_state(poison, leaking, design.X)[0] != clean for _, poison in poisoned(design, fold.test))
