"""One column of each cluster of columns that say nearly the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.clean.correlation.pairs import Method, pair_correlations
from tasks.modelling.preprocessing.kept_columns import KeptColumns, left_out
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

_TIE = 1e-9


class CorrelationClusters(Step):
    """Columns are clustered by 1 − |r| of the training rows, and one of each cluster is kept: the one most like the others.

    linkage: complete, so that each two columns of a cluster have at least |r| = threshold; or average. Of two columns that are
    equally like the others, the one that is less like the columns of other clusters stays, then the earlier. The outcome
    has no part in it. Missing values: each r is of the cases that have both columns.
    """

    kind: Literal["correlation_clusters"] = "correlation_clusters"
    compared: ClassVar[Compared] = Compared(
        "correlations by pandas on WORC-Lipo", "1e-8", "tasks/modelling/preprocessing/clean/test_clean.py"
    )
    stage: ClassVar[Stage] = "clean"
    takes_missing: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("threshold",)

    threshold: tuple[float, ...] = Field(
        (0.9,), min_length=1, description="|r| within a cluster, above 0 and up to 1; inner folds choose among several"
    )
    linkage: Literal["complete", "average"] = Field(
        "complete", description="|r| of two clusters: that of their least alike columns, or the mean over all pairs"
    )
    method: Method = Field("spearman", description="correlation: of ranks (spearman) or of values (pearson)")

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:
        return self.fit_variants(rows, target, seed, [self])[0]

    def fit_variants(self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]) -> list[FittedStep]:  # noqa: ARG002
        """One tree for all thresholds."""
        from scipy.cluster.hierarchy import fcluster, linkage
        from scipy.spatial.distance import squareform

        p = len(rows.columns)
        if p < 2:
            return [KeptColumns(np.arange(p), np.ones(p)) for _ in variants]
        r = pair_correlations(rows.X, self.method)
        tree = linkage(squareform(1.0 - r, checks=False), self.linkage)
        cuts = [fcluster(tree, 1.0 - one.threshold[0] + _TIE, "distance") for one in variants]
        found: list[FittedStep] = []
        for labels in cuts:
            kept = _likest(r, labels)
            told = left_out(self.kind, rows.columns, kept, "another column stands for its cluster")
            found.append(KeptColumns(kept, labels.astype(np.float64), left_out=told))
        return found


def _likest(r: Floats, labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of each cluster the column of highest mean |r| within it, positions ascending. r: (p, p). labels: (p,)."""
    total, kept = r.sum(axis=0), []
    order = np.argsort(labels, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        inside = r[np.ix_(own, own)].sum(axis=0)
        best = own[inside >= inside.max() - _TIE * len(own)]
        kept.append(best[np.argmin(np.round(total[best], 9))])
    return np.sort(np.array(kept, np.intp))
