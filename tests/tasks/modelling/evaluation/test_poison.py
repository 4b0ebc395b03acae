"""Poison test: whatever stands in the test rows, what was fitted on the training fold stays bit-identical."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar, Literal

import joblib
import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from features.core.design import Design
from tasks.modelling.evaluation import pipeline as pipeline_module
from tasks.modelling.evaluation.evaluate import evaluate
from tasks.modelling.evaluation.pipeline import risk_score
from tasks.modelling.models.model import MODELS
from tasks.modelling.splits.split import SPLITS, Fold, Split

KINDS = list(MODELS.modules)


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


def case(kind: str, split: str, make_design: Any, make_study: Any) -> tuple[Design, Fold, Any]:
    model = MODELS.parse(kind)
    design = make_design(model.task, n=60)
    fold = one_fold(design, split)
    settings = {"kind": kind, "trees": 15} if "trees" in type(model).model_fields else kind
    given = Given(train=tuple(map(int, fold.train)), test=tuple(map(int, fold.test)))
    return design, fold, make_study(models=[settings], splits=[given], bootstrap=2)


class Leaky(StandardScaler):  # type: ignore[misc]
    """A scaler that is fitted on everything."""

    seen: ClassVar[Design]

    def fit(self, X: Any, y: Any = None) -> Any:
        super().fit(X, y)
        self.mean_ = self.mean_ + 0.01 * np.tanh(np.nanmean(self.seen.X["radiomics_0"]))
        return self


@pytest.fixture(autouse=True)
def only_one_set_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the volume baseline there is exactly one fitted model to compare."""
    monkeypatch.setattr(
        "tasks.modelling.evaluation.evaluate.block_sets", lambda design, _: {"all": list(design.X.columns)}
    )


@pytest.mark.parametrize("split", list(SPLITS.modules))
@pytest.mark.parametrize("kind", KINDS)
def test_test_rows_do_not_move_what_was_fitted(kind: str, split: str, make_design: Any, make_study: Any) -> None:
    design, fold, study = case(kind, split, make_design, make_study)
    clean, clean_scores = fitted_state(design, study, design.X)
    for name, poison in poisoned(design, fold.test):
        state, scores = fitted_state(poison, study, design.X)
        assert state == clean, f"{kind} under {split} saw the test rows ({name})"
        np.testing.assert_array_equal(scores, clean_scores)


def test_the_poison_test_catches_a_leak(make_design: Any, make_study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    design, fold, study = case("lasso_logistic", "nested", make_design, make_study)
    monkeypatch.setattr(pipeline_module, "StandardScaler", Leaky)
    states = []
    for seen in (design, *(poison for _, poison in poisoned(design, fold.test))):
        Leaky.seen = seen
        states.append(fitted_state(seen, study, design.X)[0])
    assert states[1] != states[0]  # huge values
    assert states[2] != states[0]  # missing values


def test_the_poison_test_catches_selection_on_everything(make_design: Any, make_study: Any) -> None:
    design, fold, study = case("lasso_logistic", "nested", make_design, make_study)
    everybody = Given(train=tuple(range(len(design.X))), test=tuple(map(int, fold.test)))
    leaking = study.model_copy(update={"splits": (everybody,)})
    clean = fitted_state(design, leaking, design.X)[0]
    assert all(fitted_state(poison, leaking, design.X)[0] != clean for _, poison in poisoned(design, fold.test))
