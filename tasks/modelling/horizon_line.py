"""What the metrics share that lay a line through predicted incidences at a day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from tasks.modelling.follow_up.recalibrate import recalibrate_by_day
from tasks.modelling.follow_up.weights import weight_table
from tasks.modelling.horizon_metric import no_horizon
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import Scored
from tasks.modelling.recalibration import Line, Recalibrated


class HorizonLine(Recalibrated):
    """A coefficient of the line of what was seen by the horizon over the predicted incidence, all folds together."""

    needs: ClassVar[Need] = "incidence"
    at_horizon: ClassVar[bool] = True

    def _line(self, folds: Sequence[Scored]) -> Line:
        if reason := no_horizon(folds):
            return Line(reason=reason)
        seen, weight, said = [], [], []
        for fold in folds:
            assert fold.outcome.days is not None
            days = np.array([fold.horizon])
            seen.append((fold.outcome.code == 1) & (fold.outcome.days <= fold.horizon))
            weight.append(weight_table(fold.outcome, fold.censoring, days)[:, 0])
            said.append(fold.incidence(days)[:, 0])
        return recalibrate_by_day(*map(np.concatenate, (seen, weight, said)), slope=self.slope)
