"""Time-dependent AUC at the horizon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from features.core.kinds.compared import Compared
from tasks.modelling.follow_up.weights import free_at, weights_by_day
from tasks.modelling.horizon_metric import no_horizon
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import PairMetric, where_of
from tasks.modelling.pairs import Pairs, agreement
from tasks.modelling.scored import Scored
from tasks.modelling.unpaired import no_pair


class TimeAuc(PairMetric):
    """The share of pairs of a case with the event by the horizon and one without in which the former has the higher risk.

    Cumulative and dynamic; cases weigh by the censoring of the training fold. Whoever had another event by then is without. The
    horizon is that of the endpoint, or the median day of the training events.
    Uno et al., J Am Stat Assoc 2007;102:527; Blanche et al., Stat Med 2013;32:5381.
    """

    kind: Literal["time_auc"] = "time_auc"
    compared: ClassVar[Compared] = Compared(
        "cumulative_dynamic_auc of scikit-survival, on nki70", "1e-9", "tasks/modelling/test_horizon_line.py"
    )
    title: ClassVar[str] = "time-dependent AUC"
    needs: ClassVar[Need] = "risk"
    at_horizon: ClassVar[bool] = True

    def value(self, folds: Sequence[Scored], *, within: bool = False) -> float | None:
        return None if no_horizon(folds) else super().value(folds, within=within)

    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        outcome, days = fold.outcome, np.array([fold.horizon])
        assert outcome.days is not None
        own, longer = weights_by_day(outcome, fold.censoring, days)
        by_then, free = outcome.days <= fold.horizon, free_at(outcome, days)[:, 0]
        case = np.where(by_then & (outcome.code == 1), own, 0.0)
        control = np.where(free, longer[0], np.where(by_then, (outcome.code > 1) * own, 0.0))
        comparable = case[:, None] * control[None, :]
        return (Pairs(fold.rows, comparable, comparable * agreement(fold.risk, 0.0)),)

    def undefined(self, folds: Sequence[Scored], *, within: bool = False) -> str:
        if reason := no_horizon(folds):
            return reason
        seen = []
        for fold in folds:
            assert fold.outcome.days is not None
            seen.append((fold.rows, (fold.outcome.code == 1) & (fold.outcome.days <= fold.horizon)))
        return no_pair(seen, f"with the event by day {folds[0].horizon:g}", where_of(within))
