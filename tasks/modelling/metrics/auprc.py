"""Area under the precision-recall curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.intervals.estimate import Estimate, Models
from tasks.modelling.intervals.scale import logit_interval
from tasks.modelling.intervals.words import THIS_MODEL, no_interval
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import Metric, Scored, where_of
from tasks.modelling.precision import average_precision
from tasks.modelling.unpaired import no_pair


class Auprc(Metric):
    """Average precision: the mean over positive cases of the share of positives among all that score as high or higher.

    By chance it is the share of positives. Of one model with other cases it has an interval, symmetrical on the logit scale, by
    the number of its positive patients (Boyd et al., ECML PKDD 2013;451). Davis & Goadrich, ICML 2006;233.
    """

    kind: Literal["auprc"] = "auprc"
    compared: ClassVar[Compared] = Compared(
        "average_precision_score of scikit-learn, on a public table", "1e-12", "tasks/modelling/metrics/test_brier.py"
    )
    title: ClassVar[str] = "AUPRC"
    needs: ClassVar[Need] = "risk"
    chance: ClassVar[float | None] = None
    gathered: ClassVar[str] = (
        "cases are compared within their {fold} only, then all {folds} are averaged by their positive cases"
    )

    def value(self, folds: Sequence[Scored], *, within: bool = False) -> float | None:
        total, size = 0.0, 0
        for fold in folds:
            parts = [np.arange(len(fold.rows))]
            if within and fold.centre is not None:
                parts = [np.flatnonzero(fold.centre == centre) for centre in np.unique(fold.centre)]
            for part in parts:
                label, count = fold.outcome.flag[part], int(fold.outcome.flag[part].sum())
                if 0 < count < len(part):
                    total += count * average_precision(label, fold.risk[part])
                    size += count
        return total / size if size else None

    def interval(
        self,
        value: float,
        folds: Sequence[Scored],
        groups: NDArray[np.str_],
        models: Models,
        *,
        within: bool,  # noqa: ARG002 (the number of positives is the same)
    ) -> Estimate:
        if models != "fixed":
            where = "a new centre" if models == "centres" else "cross-validation"
            return Estimate(value, reason=no_interval(f"of this score none was found that holds for {where}"))
        patients = len(np.unique(groups[np.concatenate([fold.rows[fold.outcome.flag] for fold in folds])]))
        try:
            low, high = logit_interval(value, value * (1 - value) / patients)
        except ValueError as error:
            return Estimate(value, reason=no_interval(str(error)))
        return Estimate(value, low, high, interval_of=THIS_MODEL)

    def undefined(self, folds: Sequence[Scored], *, within: bool = False) -> str:
        return no_pair([(fold.rows, fold.outcome.flag) for fold in folds], "positive", where_of(within))
