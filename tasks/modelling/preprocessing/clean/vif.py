"""No column that the others tell by a linear combination."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.kept_columns import KeptColumns, left_out
from tasks.modelling.preprocessing.ranker import finite
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

_SINGULAR = 1e-8  # of the correlation matrix: smaller eigenvalues are rounding


class Vif(Step):
    """Drops the column of the highest variance inflation factor until none is above the limit.

    VIF = 1 / (1 − R²) of a column on all the others: the diagonal of the inverse of their correlation matrix, which is not
    inverted anew after each drop. Where columns are too many for that (more than the training cases less 2, or dependent)
    every VIF is infinite: then columns are taken up first, always the one of which those taken up tell least, as long as its
    VIF among them is within the limit; the one most like all others begins. Takes no missing values.
    Marquardt, Technometrics 1970;12:591; Belsley et al., Regression Diagnostics, 1980.
    """

    kind: Literal["vif"] = "vif"
    compared: ClassVar[Compared] = Compared(
        "inverse after inverse of the correlations on WORC-Lipo",
        "1e-9",
        "tasks/modelling/preprocessing/clean/test_clean.py",
    )
    stage: ClassVar[Stage] = "clean"

    limit: float = Field(10.0, gt=1, description="the highest variance inflation factor that may stay; often 5 or 10")

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing else in it)
        """Raises FitError for missing or infinite values. strength: the VIF of columns that stay, infinite for the others."""
        X = finite(self.kind, rows)
        n, p = X.shape
        X = np.ldexp(X, -np.frexp(np.abs(X).max(axis=0, initial=0.0))[1])
        Z = X - X.mean(axis=0)
        length = np.sqrt((Z * Z).sum(axis=0))
        varies = length > 1e-10 * np.sqrt((X * X).sum(axis=0))
        Z = np.divide(Z, length, out=np.zeros_like(Z), where=varies)
        kept = np.flatnonzero(varies)
        factors = np.full(p, np.inf)
        if len(kept) > n - 2 or _is_singular(Z[:, kept]):
            kept = kept[_taken_up(Z[:, kept], self.limit)]
        kept, found = _dropped(Z[:, kept].T @ Z[:, kept], kept, self.limit)
        factors[kept] = found
        told = left_out(
            self.kind, rows.columns, kept, f"the others tell it: a variance inflation factor above {self.limit:g}"
        )
        return KeptColumns(kept, factors, left_out=told)


def _is_singular(Z: Floats) -> bool:
    return bool(Z.shape[1] and np.linalg.eigvalsh(Z.T @ Z)[0] < _SINGULAR)


def _taken_up(Z: Floats, limit: float) -> NDArray[np.intp]:
    """Positions of columns, ascending, each with a VIF of at most the limit among those before it. Z: (n, p) of length 1.

    Gram-Schmidt with pivots: the share of a column that those taken up do not tell is 1 / VIF.
    """
    n, p = Z.shape
    taken: list[int] = []
    rest, left = Z.copy(), np.ones(p)
    like = ((Z @ Z.T) @ Z * Z).sum(axis=0)  # the sum of r² with all columns
    for _ in range(min(n - 2, p)):
        best = int(np.argmax(like)) if not taken else int(np.argmax(left))
        if left[best] < 1.0 / limit:
            break
        direction = rest[:, best] / np.sqrt((rest[:, best] ** 2).sum())
        rest -= np.outer(direction, direction @ rest)
        taken.append(best)
        left = (rest * rest).sum(axis=0)
        left[taken] = -1.0
    return np.sort(np.array(taken, np.intp))


def _dropped(R: Floats, kept: NDArray[np.intp], limit: float) -> tuple[NDArray[np.intp], Floats]:
    """The positions that stay, with their VIF. R: correlations of the columns at `kept`, not singular."""
    inverse = np.linalg.inv(R)
    while len(kept) > 1:
        factors = np.diag(inverse)
        worst = int(np.argmax(factors))
        if factors[worst] <= limit:
            break
        others = np.arange(len(kept)) != worst  # the inverse without a column: Schur's complement
        row = inverse[worst, others]
        inverse = inverse[np.ix_(others, others)] - np.outer(row, row) / inverse[worst, worst]
        kept = kept[others]
    return kept, np.diag(inverse).copy() if len(kept) else np.empty(0)
