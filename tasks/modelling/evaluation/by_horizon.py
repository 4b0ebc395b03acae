"""by_horizon: scores and predicted incidences at each day that a study of follow-up is judged at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from features.core.design import Design
from features.core.kinds.endpoint import Timed
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.horizon_score import INCIDENCE_COLUMNS, HorizonScore
from tasks.modelling.evaluation.scoring import cohorts_of, estimate, scored_of
from tasks.modelling.evaluation.study import Study
from tasks.modelling.follow_up.weights import free_at
from tasks.modelling.metrics.metric import all_metrics_of


def horizons_of(study: Study, design: Design) -> tuple[float, ...]:
    """The days: those of the study, the endpoint's horizon, or the days by which one and two thirds of the events were seen.

    The events are those of interest of the cases that develop models. None without follow-up, or without an event.
    """
    endpoint = design.endpoint
    if not isinstance(endpoint, Timed):
        return ()
    if study.horizons:
        return study.horizons
    if endpoint.horizon_days:
        return (endpoint.horizon_days,)
    seen = design.outcome.take(design.develops & design.scored)
    assert seen.days is not None
    events = seen.days[seen.code == 1]
    if not len(events):
        return ()
    return tuple(map(float, np.unique(np.quantile(events, [1 / 3, 2 / 3], method="inverted_cdf"))))


def scores_by_horizon(
    design: Design,
    study: Study,
    blocks: Mapping[str, Sequence[str]],
    fits: Sequence[Fit],
    refused: Mapping[str, str],
    days: Sequence[float],
) -> tuple[HorizonScore, ...]:
    """Every metric that judges one day, at each day, of each split or held-out cohort, set of blocks and candidate.

    refused: split → why it could not be cut.
    """
    metrics = [metric for metric in all_metrics_of(design.endpoint) if metric.at_horizon]
    found: list[HorizonScore] = []
    for split in study.splits if days else ():
        for name in blocks:
            for candidate in study.candidates_of(name):
                key = split.kind, name, candidate.name
                every = [fit for fit in fits if (fit.split, fit.blocks, fit.model) == key]
                own, whole = ([fit for fit in every if fit.fold.apparent == which] for which in (False, True))
                for cohort, part in cohorts_of(design, study, split, own):
                    folds = [scored_of(design, fit, fit.prediction) for fit in part if fit.prediction is not None]
                    counts = [_seen(design, part, day) for day in days]
                    for day, (n, events, followed) in zip(days, counts, strict=True):
                        at_day = [replace(fold, day=day) for fold in folds]
                        for metric in metrics:
                            why, same = refused.get(split.kind, ""), whole[0] if whole else None
                            one = estimate(design, metric, part, at_day, split.models, "", why, same)
                            found.append(
                                HorizonScore(
                                    *key, metric.kind, day, cohort, one.value, one.low, one.high, n, events, followed,
                                    one.reason, one.interval_of, one.lowest, one.highest,
                                )
                            )  # fmt: skip
    return tuple(found)


def incidences_table(design: Design, fits: Sequence[Fit], days: Sequence[float]) -> pd.DataFrame:
    """INCIDENCE_COLUMNS: the predicted incidence of the event of interest by each day, a row for each case, fit and day."""
    cases, given = design.X.index.to_numpy(), np.asarray(days, np.float64)
    parts: list[dict[str, Any]] = []
    for fit in fits if days else ():
        if fit.prediction is None or fit.prediction.incidence is None:
            continue
        rows, said = fit.fold.test, fit.prediction.incidence.at(given)[:, 0]
        facts = {"split": fit.split, "repeat": fit.fold.repeat, "fold": fit.fold.name, "blocks": fit.blocks}
        each = {"case": np.repeat(cases[rows], len(given)), "day": np.tile(given, len(rows)), "incidence": said.ravel()}
        parts.append({**facts, "model": fit.model, **each})
    if not parts:
        return pd.DataFrame({column: [] for column in INCIDENCE_COLUMNS})
    return pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)[list(INCIDENCE_COLUMNS)]


def _seen(design: Design, fits: Sequence[Fit], day: float) -> tuple[int, int, int]:
    """Cases, those with the event of interest by the day, and those that are known to be free then."""
    rows = np.unique(np.concatenate([fit.fold.test for fit in fits])) if fits else np.arange(0)
    seen = design.outcome.take(rows)
    assert seen.days is not None
    return len(rows), int(((seen.code == 1) & (seen.days <= day)).sum()), int(free_at(seen, np.array([day])).sum())
