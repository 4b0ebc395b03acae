"""Risk groups of out-of-fold predictions, with their curves."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from tasks.modelling.curves.kaplan_meier import Curve, kaplan_meier
from tasks.modelling.curves.logrank import logrank_p
from tasks.modelling.evaluation.result import RiskGroups

TICKS = 6


def risk_groups(predictions: pd.DataFrame, by_cohort: Collection[str] = ()) -> tuple[RiskGroups, ...]:
    """Kaplan–Meier curves and log-rank p of high against low risk, per split, set of blocks and model.

    predictions: as in StudyResult. by_cohort: splits whose cohorts have groups of their own. The groups were cut at the median
    score of each training fold, never of the test cases. Only the first repeat counts, so that each case
    stands once; a split with a failed fold gives fewer cases.
    """
    first = predictions[predictions["repeat"] == 0]
    found: list[RiskGroups] = []
    cohort = first["cohort"].where(first["split"].isin(list(by_cohort)), "")
    for key, rows in first.assign(cohort=cohort).groupby(["split", "blocks", "model", "cohort"], sort=False):
        time = rows["time"].to_numpy(dtype=np.float64)
        event, high = rows["event"].to_numpy(dtype=bool), rows["high_risk"].to_numpy(dtype=bool)
        ticks = np.linspace(0.0, float(time.max()), TICKS)
        curves: list[Curve | None] = [
            kaplan_meier(time[group], event[group], ticks) if group.any() else None for group in (high, ~high)
        ]
        p, reason = logrank_p(time, event, high)
        split, blocks, model, name = map(str, key)
        found.append(RiskGroups(split, blocks, model, p, reason, curves[0], curves[1], name))
    return tuple(found)
