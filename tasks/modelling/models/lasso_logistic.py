"""LASSO logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from features.core.kinds.endpoint import Predicted
from tasks.modelling.models.model import NUMERICAL, FittedModel, PathModel
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class LassoLogistic(PathModel):
    """Logistic regression with an L1 penalty and a free intercept; the score is the log odds.

    Of several classes it is multinomial: one likelihood, with coefficients of every class. Of labels it is one regression each; of
    ranks one for each step up (Frank & Hall 2001), whose probabilities are made to fall (the lower of each and those before). C:
    inverse strength of the penalty, as in scikit-learn: sum of losses × C + sum of the sizes of coefficients. Where every
    coefficient is zero, all scores tie. Tibshirani, J R Stat Soc B 1996;58:267; Friedman et al., J Stat Softw 2010;33:1.
    """

    kind: Literal["lasso_logistic"] = "lasso_logistic"
    compared: ClassVar[Compared] = Compared(
        "LogisticRegression of scikit-learn; glmnet of R on HCC-TACE-Seg, of three classes on WORC-Lipo",
        "1e-5; glmnet 1e-4 and 1e-5",
        "tasks/modelling/solvers/test_lasso_logistic_path.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "multilabel", "ordinal"})
    usual: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("C",)
    C: tuple[PositiveFloat, ...] = Field(
        (0.1, 0.3, 1.0),
        min_length=1,
        title="Inverse penalty (C)",
        description="small values keep few columns; inner folds choose",
    )
    class_weight: Literal["none", "balanced"] = Field(
        "none",
        title="Class weights",
        description="balanced: the rarer answer counts more in the fit; the intercept is set back to how common it was",
    )

    def fit_variants(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        variants: Sequence[Self],
    ) -> list[FittedModel | Exception]:
        """One path for all settings, from the strongest penalty to the weakest."""
        return fit_paths(rows, target, [one.C[0] for one in variants], 1.0, self.class_weight)


def fit_paths(
    rows: Rows, target: Target, inverse: Sequence[float], l1_ratio: float, class_weight: Literal["none", "balanced"]
) -> list[FittedModel | Exception]:
    """A model for each inverse penalty (C), from one path for each question; l1_ratio: the share of the penalty that is L1."""
    predicted, levels = target.endpoint.predicted, target.levels
    settings = np.unique(inverse)
    try:
        asked = questions(target.y, predicted, levels)
        if predicted == "classes" and asked.shape[1] > 2:
            paths = _of_classes(rows.X, asked, settings, l1_ratio, class_weight)
        elif predicted == "classes":  # half the log odds for the one, half against the other
            half = _path(rows.X, asked[:, 1], settings, l1_ratio, class_weight) / 2
            paths = np.stack([-half, half], axis=1)
        else:
            each = [_path(rows.X, answers, settings, l1_ratio, class_weight) for answers in asked.T]
            paths = np.stack(each, axis=1)
    except NUMERICAL as error:
        return [error for _ in inverse]
    found = dict(zip(settings.tolist(), paths, strict=True))
    seen = np.flatnonzero(np.bincount(target.y, minlength=levels)) if predicted in ("classes", "ranks") else None
    return [FittedLassoLogistic(found[C], predicted, levels, seen) for C in map(float, inverse)]


def _path(X: Floats, answers: NDArray[np.bool_], settings: Floats, l1_ratio: float, class_weight: str) -> Floats:
    """Intercept and coefficients for each C, ascending, (settings, 1 + p). Answers that are all alike are foretold surely."""
    from tasks.modelling.solvers.lasso_logistic_path import lasso_logistic_path

    n, yes = len(answers), int(answers.sum())
    if yes in (0, n):
        path = np.zeros((len(settings), 1 + X.shape[1]))
        path[:, 0] = np.inf if yes else -np.inf
        return path
    odds = (n - yes) / yes if class_weight == "balanced" else 1.0
    weights = np.where(answers, odds, 1.0)
    path = lasso_logistic_path(X, answers, weights, 1 / (n * settings), l1_ratio=l1_ratio)
    path[:, 0] -= np.log(odds)  # King & Zeng, Polit Anal 2001;9:137
    return path


def _of_classes(X: Floats, asked: NDArray[np.bool_], settings: Floats, l1_ratio: float, class_weight: str) -> Floats:
    """Intercepts and coefficients for each C, ascending, (settings, classes, 1 + p), of one likelihood."""
    from tasks.modelling.solvers.lasso_multinomial_path import lasso_multinomial_path

    n, classes = asked.shape
    codes, size = asked.argmax(axis=1), asked.sum(axis=0)
    times = n / (classes * size) if class_weight == "balanced" else np.ones(classes)
    path = lasso_multinomial_path(X, codes, classes, times[codes], 1 / (n * settings), l1_ratio=l1_ratio)
    path[:, :, 0] -= np.log(times)
    return path


@dataclass(frozen=True, eq=False)
class FittedLassoLogistic(FittedModel):
    """coefficients: (questions, 1 + p) intercept and weights; an infinite intercept where training knew one answer alone.

    levels: how many classes, ranks or labels there are. seen: which of the classes or ranks training had; None of others.
    """

    coefficients: Floats
    predicted: Predicted
    levels: int
    seen: NDArray[np.intp] | None

    def predict(self, rows: Rows) -> Prediction:
        from tasks.modelling.solvers.kernels import linear

        odds = linear(rows.X, self.coefficients[:, 1:]) + self.coefficients[:, 0]
        if np.isnan(odds).any() or np.isinf(odds[:, np.isfinite(self.coefficients[:, 0])]).any():
            raise ArithmeticError("logistic regression gave scores that are not finite")
        if self.predicted == "risk":
            return Prediction(risk=odds[:, 0])
        if self.seen is None:
            return Prediction(probability=_probability(odds))
        probability = np.zeros((len(odds), self.levels))
        if self.predicted == "ranks":
            probability[:, self.seen] = ranks_of_steps(_probability(odds))
            return Prediction(risk=(probability * np.arange(self.levels)).sum(axis=1), probability=probability)
        probability[:, self.seen] = _shares(odds)
        return Prediction(probability=probability)

    def importance(self) -> Floats:
        """Coefficients; of several regressions their mean over ranks, or their mean size over classes and labels."""
        weights = self.coefficients[:, 1:]
        if self.predicted in ("risk", "ranks"):
            return np.asarray(weights.mean(axis=0))
        return np.asarray(np.abs(weights).mean(axis=0))

    def linear(self) -> tuple[float, Floats] | None:
        one = self.coefficients[0]
        return (float(one[0]), one[1:]) if self.predicted == "risk" and np.isfinite(one[0]) else None

    def state(self) -> dict[str, Any]:
        return {"coefficients": self.coefficients, "levels": self.levels, "seen": self.seen}


def questions(y: NDArray[Any], predicted: Predicted, levels: int) -> NDArray[np.bool_]:
    """What is asked of each case, (n, questions): yes or no; each label; each class that occurs, or each step up to a rank that
    occurs. Raises ValueError where there is one answer alone."""
    if predicted == "labels":
        return np.asarray(y, np.bool_)
    if predicted == "risk":
        if len(np.unique(y)) < 2:
            raise ValueError("a logistic regression needs cases of both classes")
        return np.asarray(y, np.bool_)[:, None]
    seen = np.flatnonzero(np.bincount(y, minlength=levels))
    if len(seen) < 2:
        raise ValueError("a logistic regression needs cases of two levels")
    return np.asarray(y[:, None] > seen[:-1] if predicted == "ranks" else y[:, None] == seen)


def ranks_of_steps(above: Floats) -> Floats:
    """Probability of each rank, (n, ranks), from that of being above each but the last, (n, ranks − 1); rows sum to 1."""
    above = np.minimum.accumulate(above, axis=1)
    edges = np.column_stack([np.ones(len(above)), above, np.zeros(len(above))])
    return np.asarray(edges[:, :-1] - edges[:, 1:])


def _shares(odds: Floats) -> Floats:
    """Probabilities of classes by their log odds, (n, classes); rows sum to 1."""
    from features.core.portable import exp

    raised = exp(odds - odds.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _probability(odds: Floats) -> Floats:
    """Of log odds."""
    from features.core.portable import exp

    small = exp(-np.abs(odds))
    return np.asarray(np.where(odds >= 0, 1.0, small) / (1.0 + small))
