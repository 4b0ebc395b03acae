"""Area under the precision-recall curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.intervals.estimate import Estimate, Models
from tasks.modelling.intervals.row_interval import moved_estimate
from tasks.modelling.intervals.scale import logit_interval
from tasks.modelling.intervals.words import THIS_MODEL, no_interval
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import Metric, Scored, parts_of, tested_of, where_of
from tasks.modelling.precision import Compared as Together
from tasks.modelling.precision import compared_in, mean_precision, moved_mean
from tasks.modelling.unpaired import no_pair


class Auprc(Metric):
    """Average precision: the mean over positive cases of the share of positives among all that score as high or higher.

    By chance it is the share of positives. Intervals are symmetrical on the logit scale: of one model with other cases by the
    number of its positive patients (Boyd et al., ECML PKDD 2013;451), over cross-validation by what patients add. It is higher
    among few cases than among many, so that one over cross-validation is of test sets as large as those of the folds. Davis &
    Goadrich, ICML 2006;233.
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
        return mean_precision(_compared(folds, within=within))

    def interval(
        self,
        value: float,
        folds: Sequence[Scored],
        groups: NDArray[np.str_],
        models: Models,
        *,
        within: bool,
    ) -> Estimate:
        if models == "centres":
            return Estimate(value, reason=no_interval("of this score none was found that holds for a new centre"))
        if models == "resampled":
            compared, tested = _compared(folds, within=within), tested_of(folds, groups)
            moved = tested.by_patient(moved_mean(value, compared, [len(fold.rows) for fold in folds]))
            cases = float(np.mean([len(one.label) for one in compared]))
            return moved_estimate(value, moved, tested, models, scale=self.scale, test=cases)
        patients = len(np.unique(groups[np.concatenate([fold.rows[fold.outcome.flag] for fold in folds])]))
        try:
            low, high = logit_interval(value, value * (1 - value) / patients)
        except ValueError as error:
            return Estimate(value, reason=no_interval(str(error)))
        return Estimate(value, low, high, interval_of=THIS_MODEL)

    def undefined(self, folds: Sequence[Scored], *, within: bool = False) -> str:
        return no_pair([(fold.rows, fold.outcome.flag) for fold in folds], "positive", where_of(within))


def _compared(folds: Sequence[Scored], *, within: bool) -> list[Together]:
    parts = [parts_of(fold, within=within) for fold in folds]
    return compared_in(parts, [fold.outcome.flag for fold in folds], [fold.risk for fold in folds])
