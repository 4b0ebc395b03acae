"""Columns that are left when a ridge regression drops its smallest coefficients, round after round."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.ranker import Ranker, finite
from tasks.modelling.preprocessing.select.ranking.questions import numbers_of
from tasks.modelling.preprocessing.standard import Standard
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class Rfe(Ranker):
    """Recursive feature elimination: a ridge regression on all columns left drops those of smallest coefficients, round by round.

    Columns are standardised within it. Classes are numbers, one against the rest each; follow-up is the deviance residual; a column
    counts by the sum of its squared coefficients. The smaller the share that a round drops, the finer the order. RFE of
    scikit-learn with Ridge; Guyon et al., Mach Learn 2002;46:389 (with a linear support vector machine).
    """

    kind: Literal["rfe"] = "rfe"
    compared: ClassVar[Compared] = Compared(
        "RFE of scikit-learn with Ridge on WORC-Lipo: the order of columns",
        "0",
        "tasks/modelling/preprocessing/select/test_select.py",
    )

    drop: float = Field(0.1, gt=0, lt=1, description="share of the columns left that a round drops, one at least")
    penalty: PositiveFloat = Field(
        1.0,
        description="of the squares of the coefficients, beside the mean of the squared errors",
    )

    def ranked(self, rows: Rows, target: Target, seed: int, most: int) -> tuple[NDArray[np.intp], Floats]:  # noqa: ARG002
        """Raises FitError for missing values, and an outcome that does not vary."""
        finite(self.kind, rows)
        Z, Y = Standard.of(self.kind, rows).scaled(rows.X), numbers_of(self.kind, target)
        left = np.arange(Z.shape[1])
        gone: list[NDArray[np.intp]] = []
        strength = np.zeros(len(left))
        while len(left) > 1:
            size = (ridge(Z[:, left], Y, self.penalty * len(Z)) ** 2).sum(axis=1)
            order = np.argsort(-size, kind="stable")
            stay = min(len(left) - 1, int(np.ceil((1.0 - self.drop) * len(left))))
            gone.append(left[order[stay:]])
            strength[left] = len(gone)
            left = left[np.sort(order[:stay])]
        strength[left] = len(gone) + 1
        return np.concatenate([left, *reversed(gone)]).astype(np.intp), strength


def ridge(Z: Floats, Y: Floats, penalty: float) -> Floats:
    """Coefficients (p, q) of centred columns (n, p), for numbers (n, q) of mean 0."""
    n, p = Z.shape
    if p > n:
        gram = Z @ Z.T
        gram.flat[:: n + 1] += penalty
        return np.asarray(Z.T @ np.linalg.solve(gram, Y))
    gram = Z.T @ Z
    gram.flat[:: p + 1] += penalty
    return np.asarray(np.linalg.solve(gram, Z.T @ Y))
