"""Support vector machine."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.models.model import CLEANED, FittedModel, Model, Settings
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

Kernel = Literal["linear", "rbf"]
MOST_STEPS = 100_000


class Svm(Model):
    """Support vector classifier; the score is the decision function, not a probability.

    The RBF kernel is exp(−d² / (p × variance of all values)), d the distance of two cases. Weights are coefficients for the
    linear kernel and NaN for the RBF kernel, which has none. Cortes & Vapnik, Mach Learn 1995;20:273.
    """

    kind: Literal["svm"] = "svm"
    compared: ClassVar[Compared] = Compared(
        "SVC of scikit-learn, which is libsvm, at its optimum, on WORC-Lipo", "5e-3", "contracts/test_model_peers.py"
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary"})
    keeps_cases: ClassVar[bool] = True
    usual: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("kernel", "C")
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (10, 30)})
    kernel: tuple[Kernel, ...] = Field(
        ("linear", "rbf"), min_length=1, title="Kernels", description="shapes of the border; inner folds choose"
    )
    C: tuple[PositiveFloat, ...] = Field(
        (0.1, 1.0),
        min_length=1,
        title="Inverse penalty (C)",
        description="small values allow a wider margin; inner folds choose",
    )
    class_weight: Literal["none", "balanced"] = Field(
        "none",
        title="Class weights",
        description="balanced: errors in the rarer class cost more; scores are no probabilities either way",
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedSvm:
        return self.fit_variants(rows, target, seed, [self])[0]

    def fit_variants(self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]) -> list[FittedSvm]:  # type: ignore[override]  # noqa: ARG002 (nothing random in it)
        """Each kernel is computed once."""
        from tasks.modelling.solvers.svm_dual import solve_machine

        X, y = np.ascontiguousarray(rows.X), np.asarray(target.y, bool)
        variance = float(X.var())
        gamma = 1.0 / (X.shape[1] * variance) if variance > 0 else 1.0
        weight = np.ones(len(y))
        if self.class_weight == "balanced":
            weight = len(y) / (2.0 * np.where(y, y.sum(), (~y).sum()))
        kernels = {kernel: kernel_of(kernel, X, X, gamma) for kernel in {one.kernel[0] for one in variants}}
        found = []
        for one in variants:
            machine = solve_machine(kernels[one.kernel[0]], y, one.C[0] * weight, most_steps=MOST_STEPS)
            if not machine.is_optimal:
                warnings.warn(f"svm: not at its optimum after {MOST_STEPS} steps", UserWarning, stacklevel=2)
            rests = np.flatnonzero(machine.dual)
            found.append(FittedSvm(one.kernel[0], gamma, X[rests], machine.dual[rests], machine.intercept))
        return found


@dataclass(frozen=True, eq=False)
class FittedSvm(FittedModel):
    """support: (s, p) the cases that the border rests on. dual: (s,) their coefficients with sign."""

    kernel: Kernel
    gamma: float
    support: Floats
    dual: Floats
    intercept: float

    def predict(self, rows: Rows) -> Prediction:
        near = kernel_of(self.kernel, rows.X, self.support, self.gamma)
        return Prediction(risk=(near * self.dual).sum(axis=1) + self.intercept)

    def importance(self) -> Floats:
        if self.kernel == "linear":
            weight: Floats = (self.support * self.dual[:, None]).sum(axis=0)
            return weight
        return np.full(self.support.shape[1], np.nan)

    def state(self) -> dict[str, Any]:
        names = ("kernel", "gamma", "support", "dual", "intercept")
        return {name: getattr(self, name) for name in names}


def kernel_of(kernel: Kernel, X: Floats, Z: Floats, gamma: float) -> Floats:
    """How near all rows of X, (n, p), are to all rows of Z, (m, p): (n, m)."""
    from tasks.modelling.solvers.kernels import linear, rbf

    return linear(X, Z) if kernel == "linear" else rbf(X, Z, gamma)
