"""Hazard ratio of groups that were cut in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.follow_up.hazard_ratio import LogHazard, log_hazard_ratio, moved_by
from tasks.modelling.intervals.estimate import Estimate, Models, Way
from tasks.modelling.intervals.row_interval import moved_estimate
from tasks.modelling.intervals.scale import Scale
from tasks.modelling.intervals.words import no_interval
from tasks.modelling.lacking import GROUPS_OF_DRAWS, Need
from tasks.modelling.metrics.metric import Metric, ends_of, tested_of
from tasks.modelling.scored import Scored

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class HazardRatio(Metric):
    """The hazard of the event of interest in the high-risk group over that in the low-risk group: 1 says that they are alike.

    Groups are cut at the median out-of-fold risk of the training cases. Other events count as censored (cause-specific). Cox,
    J R Stat Soc B 1972;34:187; folds, and within centres also these, are strata.
    """

    kind: Literal["hazard_ratio"] = "hazard_ratio"
    compared: ClassVar[Compared] = Compared("CoxPHFitter of lifelines", "1e-3", "tasks/modelling/test_follow_up.py")
    title: ClassVar[str] = "hazard ratio of risk groups"
    needs: ClassVar[Need] = "groups"
    ideal: ClassVar[float | None] = None
    chance: ClassVar[float | None] = 1.0
    chance_is: ClassVar[str] = "groups of equal hazard"
    scale: ClassVar[Scale] = "positive"
    over_folds: ClassVar[Way] = "folds"
    uncorrected: ClassVar[str] = GROUPS_OF_DRAWS
    gathered: ClassVar[str] = "cases are compared within their {fold} only, and one ratio is fitted to all {folds}"

    def value(self, folds: Sequence[Scored], *, within: bool = False) -> float | None:
        found = self._fitted(folds, within)
        return None if found.reason else float(np.exp(found.log))

    def undefined(self, folds: Sequence[Scored], *, within: bool = False) -> str:
        return self._fitted(folds, within).reason

    def interval(
        self, value: float, folds: Sequence[Scored], groups: NDArray[np.str_], models: Models, *, within: bool
    ) -> Estimate:
        """By the residuals of patients. Folds of cross-validation have cuts of their own, as thresholds have."""
        if models == "centres":
            return Estimate(value, reason=no_interval("of this score none was found that holds for a new centre"))
        by_row = moved_by(*_cases(folds, within), self._fitted(folds, within)) * value
        tested = tested_of(folds, groups)
        moved = tested.by_patient(np.split(by_row, ends_of(folds)))
        return moved_estimate(value, moved, tested, models, scale=self.scale, way=self.over_folds)

    def _fitted(self, folds: Sequence[Scored], within: bool) -> LogHazard:
        return log_hazard_ratio(*_cases(folds, within))


def _cases(folds: Sequence[Scored], within: bool) -> tuple[Floats, Bools, Bools, NDArray[np.intp]]:
    """Days until the horizon, events, who is of high risk, and strata, of all cases of the folds."""
    time, event, group, stratum, strata = [], [], [], [], 0
    for fold in folds:
        assert fold.outcome.days is not None
        centre = fold.centre if within and fold.centre is not None else np.zeros(len(fold.rows), np.intp)
        horizon = fold.censoring.horizon or np.inf
        time.append(np.minimum(fold.outcome.days, horizon))
        event.append((fold.outcome.code == 1) & (fold.outcome.days <= horizon))
        group.append(fold.risk > fold.cut)
        stratum.append(centre + strata)
        strata += int(centre.max(initial=0)) + 1
    return np.concatenate(time), np.concatenate(event), np.concatenate(group), np.concatenate(stratum)
