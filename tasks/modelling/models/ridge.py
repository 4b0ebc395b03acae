"""Ridge regression of a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.answers import is_finite
from tasks.modelling.models.lasso import FittedLinear
from tasks.modelling.models.model import NUMERICAL, FittedModel, PathModel
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class Ridge(PathModel):
    """Least squares with an L2 penalty and a free intercept.

    alpha: penalty as in scikit-learn: squared residuals + alpha × squared coefficients, both summed. Every column keeps a
    weight, and correlated columns share it. Hoerl & Kennard, Technometrics 1970;12:55.
    """

    kind: Literal["ridge"] = "ridge"
    compared: ClassVar[Compared] = Compared(
        "Ridge of scikit-learn on WORC-Lipo", "1e-8", "contracts/test_model_peers.py"
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"continuous"})
    tuned: ClassVar[tuple[str, ...]] = ("alpha",)
    alpha: tuple[PositiveFloat, ...] = Field(
        (10_000.0, 1000.0, 100.0, 10.0),
        min_length=1,
        title="Penalty",
        description="large values draw all coefficients towards zero; inner folds choose",
    )

    def fit_variants(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        variants: Sequence[Self],
    ) -> list[FittedModel | Exception]:
        """One decomposition of the columns for all settings."""
        from scipy.linalg import eigh

        y = np.asarray(target.y, np.float64)
        centre, middle = rows.X.mean(axis=0), y.mean()
        try:
            X = is_finite(rows.X - centre, self.kind)
            is_wide = X.shape[1] > len(X)  # then of the products of cases, else of columns
            size, turn = eigh(X @ X.T if is_wide else X.T @ X, check_finite=False, driver="evd")
            told = turn.T @ ((y - middle) if is_wide else X.T @ (y - middle))
            found: list[FittedModel | Exception] = []
            for one in variants:
                shrunk = turn @ (told / (np.maximum(size, 0.0) + one.alpha[0]))
                coefficients = X.T @ shrunk if is_wide else shrunk
                found.append(FittedLinear(coefficients, float(middle - (centre * coefficients).sum()), self.kind))
        except NUMERICAL as error:
            return [error for _ in variants]
        return found
