"""Difference in restricted mean survival time of groups that were cut in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.follow_up.rmst import restricted_mean
from tasks.modelling.intervals.estimate import NORMAL, Estimate, Models
from tasks.modelling.intervals.words import THIS_MODEL, no_interval
from tasks.modelling.lacking import GROUPS_OF_DRAWS, Need
from tasks.modelling.metrics.metric import Metric
from tasks.modelling.scored import Scored


class RmstDifference(Metric):
    """How many days longer the low-risk group stays free of the event until the horizon, on average, than the high-risk group.

    Groups are cut at the median out-of-fold risk of the training cases. The horizon is that of the endpoint, or the median day of
    the training events. Cases of all folds are put together. Royston & Parmar, BMC Med Res Methodol 2013;13:152.
    """

    kind: Literal["rmst_difference"] = "rmst_difference"
    compared: ClassVar[Compared] = Compared(
        "restricted_mean_survival_time of lifelines", "1e-9", "tasks/modelling/test_follow_up.py"
    )
    title: ClassVar[str] = "difference in restricted mean survival time (days)"
    needs: ClassVar[Need] = "groups"
    ideal: ClassVar[float | None] = None
    compares: ClassVar[bool] = False
    places: ClassVar[int] = 0
    chance: ClassVar[float | None] = 0.0
    chance_is: ClassVar[str] = "groups of equal survival"
    uncorrected: ClassVar[str] = GROUPS_OF_DRAWS
    gathered: ClassVar[str] = "cases of all {folds} are put together"

    def value(self, folds: Sequence[Scored], *, within: bool = False) -> float | None:  # noqa: ARG002 (groups are put together)
        if self.undefined(folds):
            return None
        (high, _), (low, _) = self._means(folds)
        return low - high

    def undefined(self, folds: Sequence[Scored], *, within: bool = False) -> str:  # noqa: ARG002
        if any(np.isnan(fold.horizon) for fold in folds):
            return "no training case had the event"
        high = sum(int((fold.risk > fold.cut).sum()) for fold in folds)
        low = sum(len(fold.rows) for fold in folds) - high
        return "" if high and low else f"one risk group is empty: {high} cases of high and {low} of low risk"

    def interval(
        self,
        value: float,
        folds: Sequence[Scored],
        groups: NDArray[np.str_],
        models: Models,
        *,
        within: bool,  # noqa: ARG002
    ) -> Estimate:
        rows = np.concatenate([fold.rows for fold in folds])
        if models != "fixed":
            why = "folds have cuts of their own, and how far these move the difference cannot be told from one data set"
            return Estimate(value, reason=no_interval(why))
        if len(np.unique(groups[rows])) < len(rows):
            return Estimate(
                value, reason=no_interval("patients have several rows, which Greenwood's variance takes for several")
            )
        (_, one), (_, two) = self._means(folds)
        if not one + two > 0:
            return Estimate(value, reason=no_interval("no event by the horizon leaves anybody at risk"))
        half = NORMAL * (one + two) ** 0.5
        return Estimate(value, value - half, value + half, interval_of=THIS_MODEL)

    def _means(self, folds: Sequence[Scored]) -> list[tuple[float, float]]:
        """(mean, variance) of the high-risk and of the low-risk group, until the earliest horizon of the folds."""
        until = min(fold.horizon for fold in folds)
        time = np.concatenate([_days(fold) for fold in folds])
        event = np.concatenate([fold.outcome.code == 1 for fold in folds])
        high = np.concatenate([fold.risk > fold.cut for fold in folds])
        return [restricted_mean(time[own], event[own], until) for own in (high, ~high)]


def _days(fold: Scored) -> NDArray[np.float64]:
    assert fold.outcome.days is not None
    return fold.outcome.days
