"""DaysLost: how many more days one group of risk loses to the event than another, of groups that were cut in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.follow_up.rmst import time_lost
from tasks.modelling.intervals.estimate import Estimate, Models, Way
from tasks.modelling.intervals.row_interval import moved_estimate
from tasks.modelling.intervals.scale import Scale
from tasks.modelling.intervals.words import no_interval
from tasks.modelling.lacking import GROUPS_OF_DRAWS, Need
from tasks.modelling.metrics.metric import Metric, ends_of, tested_of
from tasks.modelling.scored import Scored

Floats = NDArray[np.float64]


class DaysLost(Metric):
    """The mean days until the horizon that the high-risk group loses to the event of interest, less those of the low-risk group.

    Groups are cut at the median out-of-fold risk of the training cases. The horizon is that of the endpoint, or the median day of
    the training events, the earliest of the folds. Cases of all folds are put together.
    """

    needs: ClassVar[Need] = "groups"
    ideal: ClassVar[float | None] = None
    compares: ClassVar[bool] = False
    places: ClassVar[int] = 0
    chance: ClassVar[float | None] = 0.0
    scale: ClassVar[Scale] = "plain"
    over_folds: ClassVar[Way] = "folds"
    uncorrected: ClassVar[str] = GROUPS_OF_DRAWS
    gathered: ClassVar[str] = "cases of all {folds} are put together"

    def value(self, folds: Sequence[Scored], *, within: bool = False) -> float | None:  # noqa: ARG002 (groups are put together)
        return None if self.undefined(folds) else self._difference(folds)[0]

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
        """By what patients add (their squares make Greenwood's variance). Folds of cross-validation have cuts of their own."""
        if models == "centres":
            return Estimate(value, reason=no_interval("of this score none was found that holds for a new centre"))
        tested = tested_of(folds, groups)
        moved = tested.by_patient(np.split(self._difference(folds)[1], ends_of(folds)))
        if not moved.any():
            return Estimate(value, reason=no_interval("no event by the horizon leaves anybody at risk"))
        return moved_estimate(value, moved, tested, models, scale=self.scale, way=self.over_folds)

    def _difference(self, folds: Sequence[Scored]) -> tuple[float, Floats]:
        """And how much each case moves it, (n,)."""
        until = min(fold.horizon for fold in folds)
        time = np.concatenate([_days(fold) for fold in folds])
        code = np.concatenate([fold.outcome.code for fold in folds])
        high = np.concatenate([fold.risk > fold.cut for fold in folds])
        (one, of_high), (other, of_low) = (time_lost(time[own], code[own], until) for own in (high, ~high))
        moved = np.zeros(len(time))
        moved[high], moved[~high] = of_high, -of_low
        return one - other, moved


def _days(fold: Scored) -> Floats:
    assert fold.outcome.days is not None
    return fold.outcome.days
