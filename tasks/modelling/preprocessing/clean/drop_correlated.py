"""No two columns that correlate above a limit."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.clean.correlation.pairs import Method, pair_correlations
from tasks.modelling.preprocessing.kept_columns import KeptColumns, left_out
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class DropCorrelated(Step):
    """Drops columns until no two correlate above a limit: of a pair, the one that is more like all the others goes.

    Columns are looked at in the order of their mean |r| with all, highest first; one that has an |r| above the limit with a
    column which is still there is dropped; of equal means the later column goes. As findCorrelation of the R package caret,
    whose means are also those of all columns unless `exact` is asked for. Missing values: each r is of the cases that have both
    columns.
    """

    kind: Literal["drop_correlated"] = "drop_correlated"
    compared: ClassVar[Compared] = Compared(
        "correlations by pandas on WORC-Lipo", "1e-8", "tasks/modelling/preprocessing/clean/test_clean.py"
    )
    stage: ClassVar[Stage] = "clean"
    takes_missing: ClassVar[bool] = True

    above: float = Field(0.9, gt=0, lt=1, description="the highest |r| that two columns may have")
    method: Method = Field("spearman", description="correlation: of ranks (spearman) or of values (pearson)")

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing else in it)
        r = pair_correlations(rows.X, self.method)
        p = len(r)
        mean = (r.sum(axis=0) - 1.0) / max(p - 1, 1)
        stays = np.ones(p, bool)
        for i in np.lexsort((-np.arange(p), -np.round(mean, 12))):
            stays[i] = False
            stays[i] = not (r[i, stays] > self.above).any()
        kept = np.flatnonzero(stays)
        return KeptColumns(
            kept, mean, left_out=left_out(self.kind, rows.columns, kept, f"|r| above {self.above:g} with another")
        )
