"""Risk groups of out-of-fold predictions, with their curves."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from features.core.kinds.endpoint import Endpoint, Timed
from tasks.modelling.curves.aalen_johansen import aalen_johansen
from tasks.modelling.curves.curve import Curve
from tasks.modelling.curves.kaplan_meier import kaplan_meier
from tasks.modelling.curves.logrank import logrank_p
from tasks.modelling.evaluation.result import RiskGroups

TICKS = 6


def risk_groups(
    predictions: pd.DataFrame, endpoint: Endpoint, by_cohort: Collection[str] = ()
) -> tuple[RiskGroups, ...]:
    """Curves and log-rank p of high against low risk, per split, set of blocks and model; none without follow-up.

    Curves are of cumulative incidence where other events compete; the log-rank test takes those as censored.
    predictions: as in StudyResult. by_cohort: splits whose cohorts have groups of their own. The groups were cut at the median
    score of each training fold, never of the test cases. Only the first repeat counts, so that each case
    stands once; a split with a failed fold gives fewer cases.
    """
    if not isinstance(endpoint, Timed):
        return ()
    first = predictions[predictions["repeat"] == 0]
    found: list[RiskGroups] = []
    cohort = first["cohort"].where(first["split"].isin(list(by_cohort)), "")
    for key, rows in first.assign(cohort=cohort).groupby(["split", "blocks", "model", "cohort"], sort=False):
        high = rows["high_risk"].to_numpy(dtype=bool)
        ticks = np.linspace(0.0, float(rows["time"].max()), TICKS)
        curves = [_curve(rows[group], endpoint, ticks) if group.any() else None for group in (high, ~high)]
        p, reason = logrank_p(rows["time"].to_numpy(np.float64), rows["event"].to_numpy(bool), high)
        split, blocks, model, name = map(str, key)
        found.append(RiskGroups(split, blocks, model, p, reason, curves[0], curves[1], name))
    return tuple(found)


def _curve(rows: pd.DataFrame, endpoint: Timed, ticks: np.ndarray) -> Curve:
    time, event = rows["time"].to_numpy(np.float64), rows["event"].to_numpy(bool)
    if not endpoint.competes:
        return kaplan_meier(time, event, ticks)
    code = np.where(event, 1, np.where(rows["level"] == endpoint.nothing_seen, 0, 2)).astype(np.intp)
    return aalen_johansen(time, code, ticks)
