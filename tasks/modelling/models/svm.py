"""Support vector machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from features.core.kinds.endpoint import Predicted
from tasks.modelling.estimators.estimated import EstimatedModel
from tasks.modelling.models.model import CLEANED, Settings
from tasks.modelling.rows import Floats

if TYPE_CHECKING:
    from sklearn.svm import SVC


class Svm(EstimatedModel):
    """Support vector classifier, classes weighted alike; the score is the decision function, not a probability.

    Weights are coefficients for the linear kernel and NaN for the RBF kernel, which has none.
    Cortes & Vapnik, Mach Learn 1995;20:273.
    """

    kind: Literal["svm"] = "svm"
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary"})
    tuned: ClassVar[tuple[str, ...]] = (
        "kernel",
        "C",
    )
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (10, 30)})
    kernel: tuple[Literal["linear", "rbf"], ...] = Field(
        ("linear", "rbf"), min_length=1, title="Kernels", description="shapes of the border; inner folds choose"
    )
    C: tuple[PositiveFloat, ...] = Field(
        (0.1, 1.0),
        min_length=1,
        title="Inverse penalty (C)",
        description="small values allow a wider margin; inner folds choose",
    )

    def estimator(self, seed: int, predicted: Predicted) -> SVC:  # noqa: ARG002 (one answer)
        from sklearn.svm import SVC

        return SVC(
            C=self.C[0],
            kernel=self.kernel[0],
            gamma="scale",
            class_weight="balanced",
            max_iter=100_000,
            random_state=seed,
        )

    def weights(self, estimator: SVC) -> Floats:
        if estimator.kernel == "linear":
            return np.asarray(estimator.coef_[0], dtype=np.float64)
        return np.full(estimator.n_features_in_, np.nan)
