"""Mean area under the precision-recall curve over classes or labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.intervals.estimate import Estimate, Models
from tasks.modelling.intervals.row_interval import moved_estimate
from tasks.modelling.intervals.words import no_interval
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import Metric, Scored, parts_of, tested_of
from tasks.modelling.precision import Compared as Together
from tasks.modelling.precision import compared_in, mean_precision, moved_mean


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
        found = [one for level in _compared(folds, within=within) if (one := mean_precision(level)) is not None]
        return float(np.mean(found)) if found else None

    def interval(
        self, value: float, folds: Sequence[Scored], groups: NDArray[np.str_], models: Models, *, within: bool
    ) -> Estimate:
        if models == "centres":
            return Estimate(value, reason=no_interval("of this score none was found that holds for a new centre"))
        levels = [level for level in _compared(folds, within=within) if level]
        sizes, tested = [len(fold.rows) for fold in folds], tested_of(folds, groups)
        each = [moved_mean(mean_precision(level) or 0.0, level, sizes) for level in levels]
        moved = tested.by_patient([np.mean(own, axis=0) for own in zip(*each, strict=True)])
        cases = float(np.mean([len(one.label) for one in levels[0]]))
        return moved_estimate(value, moved, tested, models, scale=self.scale, test=cases)


def _compared(folds: Sequence[Scored], *, within: bool) -> list[list[Together]]:
    """Of each class or label."""
    parts = [parts_of(fold, within=within) for fold in folds]
    return [
        compared_in(parts, [fold.seen[:, level] > 0 for fold in folds], [fold.chances[:, level] for fold in folds])
        for level in range(len(folds[0].outcome.levels))
    ]
