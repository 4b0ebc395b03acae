"""How much of the uncertainty of the outcome a column takes away."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.ranker import Ranker, finite
from tasks.modelling.preprocessing.select.ranking.questions import Question, questions_of
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class SymmetricUncertainty(Ranker):
    """Keeps the k columns of highest symmetric uncertainty 2 I(X, Y) / (H(X) + H(Y)), 0 if unrelated and 1 if each tells the other.

    Columns are cut into bins of equal numbers of cases, so that any dependence counts, not rising ones alone; so is an outcome
    that is a number, and follow-up, as deviance residual. A column of few values keeps these. Of several labels the highest
    counts. Ties take the earlier column. Press et al., Numerical Recipes in C, 1988, p. 634; Yu & Liu, ICML 2003.
    """

    kind: Literal["symmetric_uncertainty"] = "symmetric_uncertainty"
    compared: ClassVar[Compared] = Compared(
        "the weather table of Quinlan", "1e-5", "tasks/modelling/preprocessing/select/test_select.py"
    )

    bins: int = Field(5, ge=2, le=50, description="bins of equal numbers of training cases")

    def ranked(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        most: int,  # noqa: ARG002 (all have their place)
    ) -> tuple[NDArray[np.intp], Floats]:
        """Raises FitError for missing values, and an outcome that does not vary."""
        codes = binned(finite(self.kind, rows), self.bins)
        found = np.max([uncertainty(codes, self._classes(one)) for one in questions_of(self.kind, target)], axis=0)
        return np.argsort(-found, kind="stable"), found

    def _classes(self, question: Question) -> NDArray[np.intp]:
        if question.is_class:
            return question.value.astype(np.intp)
        return np.asarray(binned(question.value[:, None], self.bins)[:, 0])


def binned(X: Floats, bins: int) -> NDArray[np.intp]:
    """Numbers of bins, (n, p) from 0; equal values share one, and up to so many different values have one each."""
    from scipy.stats import rankdata

    codes = np.minimum(((rankdata(X, axis=0) - 0.5) * (bins / len(X))).astype(np.intp), bins - 1)
    ordered = np.sort(X, axis=0)
    few = np.flatnonzero(1 + (ordered[1:] != ordered[:-1]).sum(axis=0) <= bins)
    if len(few):
        codes[:, few] = rankdata(X[:, few], "dense", axis=0) - 1
    return np.asarray(codes, np.intp)


def uncertainty(codes: NDArray[np.intp], classes: NDArray[np.intp]) -> Floats:
    """Symmetric uncertainty of each column with the classes, (p,). codes: (n, p) from 0. classes: (n,) from 0."""
    n, p = codes.shape
    own = [classes == c for c in np.unique(classes)]
    values = range(int(codes.max(initial=0)) + 1)
    joint = np.array([[np.count_nonzero(codes[one] == v, axis=0) for v in values] for one in own])  # (classes, bins, p)
    together = _entropy(joint.reshape(-1, p) / n)
    column, outcome = _entropy(joint.sum(axis=0) / n), _entropy(joint.sum(axis=1) / n)
    total = column + outcome
    return np.asarray(2.0 * (total - together) / np.where(total > 0, total, 1.0))


def _entropy(shares: Floats) -> Floats:
    """In nats, of shares (k, p) of each column: (p,)."""
    return np.asarray(-(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=0))
