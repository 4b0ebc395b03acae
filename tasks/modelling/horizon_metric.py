"""What metrics share that judge incidences at a day: the horizon of the endpoint, or the median day of the training events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tasks.modelling.intervals.scale import Scale
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import RowMetric
from tasks.modelling.scored import Scored


def no_horizon(folds: Sequence[Scored]) -> str:
    """Why folds cannot be judged at their horizon; "" where they can."""
    for fold in folds:
        if np.isnan(fold.horizon):
            return "no training case had the event"
        if fold.horizon > fold.censoring.last:
            earlier = (
                "the endpoint needs an earlier horizon_days" if fold.day is None else "`horizons` need an earlier day"
            )
            return (
                f"no training case of a fold is followed until day {fold.horizon:g}; the last one is until day "
                f"{fold.censoring.last:g}, so that {earlier}"
            )
    return ""


class HorizonMetric(RowMetric):
    """Computed from sums over rows of incidences up to the horizon."""

    needs: ClassVar[Need] = "incidence"
    higher_is_better: ClassVar[bool] = False
    compares: ClassVar[bool] = False
    chance: ClassVar[float | None] = None
    scale: ClassVar[Scale] = "positive"
    at_horizon: ClassVar[bool] = True

    def value(self, folds: Sequence[Scored], *, within: bool = False) -> float | None:
        return None if no_horizon(folds) else super().value(folds, within=within)

    def undefined(self, folds: Sequence[Scored], *, within: bool = False) -> str:
        return no_horizon(folds) or super().undefined(folds, within=within)
