"""direct_scores: what a signature tells of another outcome as it is, without any model of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd

from features.core.design import Design
from features.fusion.signature_columns import SignatureColumns
from tasks.modelling.metrics.metric import METRICS, Scored
from tasks.modelling.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Direct:
    """The score of a column as if it were the risk, or why there is none. cohort: whose cases, of `n` that have a value.

    metric: below one half, low values go with the outcome. within: as in Score. low, high: of its 95 % interval.
    """

    signature: str
    column: str
    cohort: str
    within: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    events: int | None
    reason: str = ""


def direct_scores(design: Design, signatures: Sequence[SignatureColumns]) -> tuple[Direct, ...]:
    """AUC or C-index of each column of signatures in each cohort. Nothing is fitted or turned round: below 0.5 it is reversed.

    Where a cohort has several centres, also of pairs of cases of one centre alone. Of endpoints with several contrasts
    (classes, labels, causes) there is none: which of them a signature is to tell is not known beforehand.
    """
    once = design.once
    found = []
    for one in signatures:
        for column in one.values.columns:
            for cohort in dict.fromkeys(once.cohorts.tolist()):
                own = once.take(np.flatnonzero((once.cohorts == cohort) & once.X[column].notna().to_numpy(bool)))
                several = len(np.unique(own.centres)) > 1
                found += [_direct(own, one.name, column, cohort, within) for within in ("", "centre")[: 1 + several]]
    return tuple(found)


def direct_table(scores: Sequence[Direct]) -> pd.DataFrame:
    """The scores as a table, one row each."""
    return pd.DataFrame([asdict(one) for one in scores], columns=[one.name for one in fields(Direct)])


def _direct(design: Design, name: str, column: str, cohort: str, within: str) -> Direct:
    endpoint, n = design.endpoint, len(design.X)
    metric = METRICS.parse(endpoint.alone)
    events = int(design.event.sum()) if endpoint.has_events else None
    contrasts = endpoint.contrasts(design.outcome)
    if len(contrasts) != 1:
        reason = "the endpoint asks several questions"
        return Direct(name, column, cohort, within, metric.kind, None, None, None, n, events, reason)
    values = design.X[column].to_numpy(np.float64)
    rows = np.arange(n)
    fold = Scored(rows, contrasts[0], Prediction(risk=values, value=values), contrasts[0], endpoint, design.centres)
    if n == 0:
        return Direct(name, column, cohort, within, metric.kind, None, None, None, 0, events, "no case has a value")
    told = metric.estimate([fold], design.groups, "fixed", within=bool(within))
    return Direct(name, column, cohort, within, metric.kind, told.value, told.low, told.high, n, events, told.reason)
