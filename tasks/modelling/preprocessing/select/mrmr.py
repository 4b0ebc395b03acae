"""Columns that tell most of the outcome and least of one another."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.ranker import Ranker, contrasts_of, finite
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class Mrmr(Ranker):
    """Takes up, k times, the column of highest relevance over redundancy: minimum redundancy, maximum relevance.

    Relevance is the association that `screen` ranks by; redundancy the mean |Spearman's ρ| with the columns taken up before. The
    first is the most relevant one. The quotient needs no common unit of the two, so it serves every outcome. A redundancy below
    1/√n, which unrelated columns have by chance, counts as that, or the least redundant noise came second. Ties take the earlier
    column. Ding & Peng, J Bioinform Comput Biol 2005;3:185; the quotient with correlations: Zhao et al., IEEE DSAA 2019.
    """

    kind: Literal["mrmr"] = "mrmr"
    compared: ClassVar[Compared] = Compared(
        "its formula by a plain loop", "0", "tasks/modelling/preprocessing/select/test_select.py"
    )

    def ranked(self, rows: Rows, target: Target, seed: int, most: int) -> tuple[NDArray[np.intp], Floats]:  # noqa: ARG002
        """Raises FitError for missing values, and an outcome that does not vary."""
        from scipy.stats import rankdata

        from features.core.association import association

        X = finite(self.kind, rows)
        relevance = np.max([association(X, one) for one in contrasts_of(self.kind, target)], axis=0)
        Z = rankdata(X, axis=0)
        Z -= Z.mean(axis=0)
        length = np.sqrt((Z * Z).sum(axis=0))
        Z /= np.where(length > 0, length, 1.0)
        return taken_up(relevance, Z, most), relevance


def taken_up(relevance: Floats, Z: Floats, most: int) -> NDArray[np.intp]:
    """Positions in the order in which they are taken up. relevance: (p,). Z: (n, p) of mean 0 and length 1, or 0 if constant."""
    redundancy, left, by_chance = np.zeros(len(relevance)), np.ones(len(relevance), bool), 1.0 / np.sqrt(len(Z))
    order: list[int] = []
    for _ in range(most):
        mean = np.maximum(redundancy / max(len(order), 1), by_chance)
        best = int(np.argmax(np.where(left, relevance / mean, -np.inf)))
        order.append(best)
        left[best] = False
        redundancy += np.abs(Z[:, best] @ Z)
    return np.array(order, np.intp)
