"""Risk groups of out-of-fold predictions, with their curves."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.kinds.endpoint import Endpoint, Timed
from tasks.modelling.curves.aalen_johansen import aalen_johansen
from tasks.modelling.curves.curve import Curve
from tasks.modelling.curves.horizon import until_horizon
from tasks.modelling.curves.kaplan_meier import kaplan_meier
from tasks.modelling.curves.logrank import logrank_p
from tasks.modelling.evaluation.result import RiskGroups

TICKS = 6
NO_CUT = "no case of any training fold could be predicted out of fold, so that groups have no cut"


def risk_groups(
    predictions: pd.DataFrame, endpoint: Endpoint, by_cohort: Collection[str] = ()
) -> tuple[RiskGroups, ...]:
    """Curves and log-rank p of high against low risk, per split, set of blocks and model; none without follow-up.

    Follow-up ends at the horizon of the endpoint, for curves, their ticks and numbers at risk, and the test.
    Curves are of cumulative incidence where other events compete; the log-rank test takes those as censored.
    predictions: as in StudyResult. by_cohort: splits whose cohorts have groups of their own. The groups were cut
    at the median of the out-of-fold risks of each fold's training cases: the risks of cases that a model trained on are too
    far apart, those of the test cases must not decide. Only the first repeat counts, so that each case stands once; a split
    with a failed fold, or with one that has no cut, gives fewer cases.
    """
    if not isinstance(endpoint, Timed):
        return ()
    first = predictions[predictions["repeat"] == 0]
    found: list[RiskGroups] = []
    cohort = first["cohort"].where(first["split"].isin(list(by_cohort)), "")
    for key, rows in first.assign(cohort=cohort).groupby(["split", "blocks", "model", "cohort"], sort=False):
        split, blocks, model, name = map(str, key)
        rows = rows[rows["high_risk"].notna()]
        if rows.empty:
            found.append(RiskGroups(split, blocks, model, None, NO_CUT, None, None, name))
            continue
        high = rows["high_risk"].to_numpy(dtype=bool)
        time, code = until_horizon(rows["time"].to_numpy(np.float64), codes_of(rows, endpoint), endpoint.horizon_days)
        ticks = np.linspace(0.0, float(time.max()), TICKS)
        curves = [_curve(time[group], code[group], endpoint, ticks) if group.any() else None for group in (high, ~high)]
        p, reason = logrank_p(time, code == 1, high)
        found.append(RiskGroups(split, blocks, model, p, reason, curves[0], curves[1], name))
    return tuple(found)


def codes_of(rows: pd.DataFrame, endpoint: Timed) -> NDArray[np.intp]:
    """0 censored, 1 the event of interest, 2 any other event, (n,)."""
    event = rows["event"].to_numpy(bool)
    if not endpoint.competes:
        return event.astype(np.intp)
    return np.where(event, 1, np.where(rows["level"] == endpoint.nothing_seen, 0, 2)).astype(np.intp)


def _curve(time: NDArray[np.float64], code: NDArray[np.intp], endpoint: Timed, ticks: NDArray[np.float64]) -> Curve:
    return aalen_johansen(time, code, ticks) if endpoint.competes else kaplan_meier(time, code == 1, ticks)
