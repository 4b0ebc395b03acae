"""Mean area under the precision-recall curve over classes or labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.intervals.estimate import Estimate, Models
from tasks.modelling.intervals.words import no_interval
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import Metric, Scored
from tasks.modelling.precision import average_precision


class MacroAuprc(Metric):
    """The mean over classes, or labels, of the average precision of each against all others; those without a case are left out.

    By chance it is the mean share of the classes or labels. Davis & Goadrich, ICML 2006;233, unweighted over classes.
    """

    kind: Literal["macro_auprc"] = "macro_auprc"
    compared: ClassVar[Compared] = Compared(
        "average_precision_score of scikit-learn", "1e-12", "tasks/modelling/metrics/test_brier.py"
    )
    title: ClassVar[str] = "macro AUPRC"
    needs: ClassVar[Need] = "probability"
    chance: ClassVar[float | None] = None
    gathered: ClassVar[str] = (
        "cases are compared within their {fold} only, then all {folds} are averaged by their cases of the class"
    )

    def value(self, folds: Sequence[Scored], *, within: bool = False) -> float | None:
        levels = len(folds[0].outcome.levels)
        total, size = np.zeros(levels), np.zeros(levels)
        for fold in folds:
            parts = [np.arange(len(fold.rows))]
            if within and fold.centre is not None:
                parts = [np.flatnonzero(fold.centre == centre) for centre in np.unique(fold.centre)]
            for part in parts:
                label, said = fold.seen[part] > 0, fold.chances[part]
                for level in range(levels):
                    count = int(label[:, level].sum())
                    if 0 < count < len(part):
                        total[level] += count * average_precision(label[:, level], said[:, level])
                        size[level] += count
        known = size > 0
        return float((total[known] / size[known]).mean()) if known.any() else None

    def interval(
        self,
        value: float,
        folds: Sequence[Scored],  # noqa: ARG002
        groups: NDArray[np.str_],  # noqa: ARG002
        models: Models,  # noqa: ARG002
        *,
        within: bool,  # noqa: ARG002
    ) -> Estimate:
        return Estimate(
            value, reason=no_interval("of means over classes or labels of this score none was found that holds")
        )
