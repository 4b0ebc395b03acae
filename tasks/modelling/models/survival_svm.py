"""Survival support vector machine: an order of the cases."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.models.model import NUMERICAL, FittedModel, Model
from tasks.modelling.models.svm import Kernel, kernel_of
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

MOST_STEPS = 1000


class SurvivalSvm(Model):
    """Survival SVM of ranking, linear or with an RBF kernel, which gives an order of the cases and no curves.

    A pair of cases whose earlier time is an event costs the square of what its scores lack to be 1 apart. C: what pairs cost
    beside the squares of the weights, as many as there are cases: alpha of scikit-survival is C × cases / pairs. The RBF kernel
    is exp(−d² / (p × variance of all values)), d the distance of two cases; its C counts times p, the number of columns, by which
    the linear kernel is larger, so that the same settings serve both. Weights are coefficients, NaN for the RBF kernel.
    FastSurvivalSVM and FastKernelSurvivalSVM of scikit-survival.
    Pölsterl et al., ECML PKDD 2015;9285:243; Pölsterl et al., arXiv 2016;1611.07054.
    """

    kind: Literal["survival_svm"] = "survival_svm"
    compared: ClassVar[Compared] = Compared(
        "FastSurvivalSVM and FastKernelSurvivalSVM of scikit-survival on vdv",
        "1e-12; RBF 1e-9 of the range",
        "tasks/modelling/models/test_survival_svm.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
    keeps_cases: ClassVar[bool] = True
    order_alone: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("kernel", "C")
    kernel: tuple[Kernel, ...] = Field(
        ("linear",), min_length=1, title="Kernels", description="linear, rbf or both; inner folds choose"
    )
    C: tuple[PositiveFloat, ...] = Field(
        (0.001, 0.01, 0.1),
        min_length=1,
        title="Cost",
        description="what wrongly ordered pairs cost; inner folds choose",
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedModel:
        """Raises ArithmeticError where no optimum is found, ValueError without a pair to compare."""
        found = self.fit_variants(rows, target, seed, [self])[0]
        if isinstance(found, Exception):
            raise found
        return found

    def fit_variants(
        self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]
    ) -> list[FittedModel | Exception]:
        """The RBF kernel is computed once."""
        from sksurv.svm import FastKernelSurvivalSVM, FastSurvivalSVM

        event, days, (n, p) = target.y["event"], target.y["time"], rows.X.shape
        pairs = int(np.count_nonzero(event[:, None] & (days[:, None] < days[None, :])))
        if not pairs:
            why = f"survival SVM: no event of {int(event.sum())} is before the end of another case's follow-up"
            return [ValueError(why) for _ in variants]
        variance = float(rows.X.var())
        gamma = 1.0 / (p * variance) if variance > 0 else 1.0
        curved = any(one.kernel[0] == "rbf" for one in variants)
        near = kernel_of("rbf", rows.X, rows.X, gamma) if curved else np.empty((0, 0))
        found: list[FittedModel | Exception] = []
        for one in variants:
            same = {"max_iter": MOST_STEPS, "random_state": seed % 2**32}
            cost = one.C[0] * n / pairs
            try:
                if one.kernel[0] == "linear":
                    weights = _optimum(FastSurvivalSVM(alpha=cost, **same), rows.X, target, one)
                    found.append(FittedSurvivalSvm(weights))
                    continue
                machine = FastKernelSurvivalSVM(alpha=cost * p, kernel="precomputed", **same)
                dual = _optimum(machine, near, target, one)
                found.append(FittedKernelSurvivalSvm(gamma, rows.X, dual, float((near @ dual).mean())))
            except NUMERICAL as error:
                found.append(error)
        return found


def _optimum(machine: Any, X: Floats, target: Target, settings: SurvivalSvm) -> Floats:
    """The weights of columns, or of cases, by which an earlier event has a higher score. Raises ArithmeticError without one."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        machine.fit(X, target.y)
    for one in caught:
        if not issubclass(one.category, ConvergenceWarning) or "precision loss" in str(one.message):
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)  # at most rounding is left
            continue
        raise ArithmeticError(
            f"survival SVM: no optimum within {machine.n_iter_} steps at C = {settings.C[0]:g} ({settings.kernel[0]}), with "
            f"{X.shape[1]} columns and {len(X)} cases; a smaller C or fewer columns have one sooner"
        )
    return -np.asarray(machine.coef_, np.float64)  # theirs order by survival


def _ordered(risk: Floats) -> Prediction:
    if not np.isfinite(risk).all():
        raise ArithmeticError("survival SVM gave scores that are not finite")
    return Prediction(risk=risk)


@dataclass(frozen=True, eq=False)
class FittedSurvivalSvm(FittedModel):
    """coefficients: (p,); a higher score is an earlier event."""

    coefficients: Floats

    def predict(self, rows: Rows) -> Prediction:
        return _ordered((rows.X * self.coefficients).sum(axis=1))

    def importance(self) -> Floats:
        return self.coefficients

    def state(self) -> dict[str, Any]:
        return {"coefficients": self.coefficients}


@dataclass(frozen=True, eq=False)
class FittedKernelSurvivalSvm(FittedModel):
    """cases: (n, p) those that trained. dual: (n,) their weights. middle: the mean score of them, from which scores count."""

    gamma: float
    cases: Floats
    dual: Floats
    middle: float

    def predict(self, rows: Rows) -> Prediction:
        return _ordered((kernel_of("rbf", rows.X, self.cases, self.gamma) * self.dual).sum(axis=1) - self.middle)

    def importance(self) -> Floats:
        return np.full(self.cases.shape[1], np.nan)

    def state(self) -> dict[str, Any]:
        return {"gamma": self.gamma, "cases": self.cases, "dual": self.dual, "middle": self.middle}
