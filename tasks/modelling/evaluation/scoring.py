"""Scores of the fits of a study: pairs within folds, summed over folds and repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from features.core.design import Design
from features.core.kinds.endpoint import SurvivalEndpoint
from tasks.modelling.evaluation.result import Metric, Score, Selected
from tasks.modelling.evaluation.study import Study
from tasks.modelling.evaluation.unit import Fit
from tasks.modelling.metrics.concordance import (
    Estimate,
    Pairs,
    auc_pairs,
    estimate,
    harrell_pairs,
    uno_limit,
    uno_pairs,
)

METRICS: Mapping[str, tuple[Metric, ...]] = {"binary": ("auc",), "survival": ("harrell_c", "uno_c")}


def score_fits(
    design: Design,
    study: Study,
    blocks: Mapping[str, list[str]],
    fits: list[Fit],
    refused: Mapping[str, str],
    weights: NDArray[np.int16],
) -> tuple[Score, ...]:
    """One Score per split, set of blocks, model and metric; for centre_out one more per centre.

    A fold that failed leaves the overall score without a value: a score over the other folds would be another one.
    refused: split → why it could not be cut. weights: bootstrap weights, (replicates, n).
    """
    by_key: dict[tuple[str, str, str], list[Fit]] = {}
    for fit in fits:
        by_key.setdefault((fit.split, fit.blocks, fit.model), []).append(fit)
    scores: list[Score] = []
    for split in study.splits:
        for name, columns in blocks.items():
            for model in study.models:
                own = by_key.get((split.kind, name, model.kind), [])
                for metric in METRICS[design.endpoint.kind]:
                    parts: list[tuple[str, list[Fit]]] = [("", own)]
                    if split.kind == "centre_out":
                        parts += [(fit.fold.name, [fit]) for fit in own]
                    for centre, part in parts:
                        found = _estimate(design, metric, part, weights, refused.get(split.kind, ""))
                        rows = np.unique(np.concatenate([fit.fold.test for fit in part])) if part else np.arange(0)
                        scores.append(
                            Score(
                                split=split.kind,
                                blocks=name,
                                model=model.kind,
                                metric=metric,
                                centre=centre,
                                value=found.value,
                                low=found.low,
                                high=found.high,
                                n=len(rows),
                                events=int(design.event[rows].sum()),
                                columns=len(columns),
                                candidates=max((fit.candidates for fit in part), default=0),
                                warnings=sum(sum(fit.warnings.values()) for fit in part),
                                reason=found.reason,
                            )
                        )
    return tuple(scores)


def selected_of(fits: list[Fit]) -> tuple[Selected, ...]:
    """Features that any fold chose, by split, set of blocks and model, the most often chosen and heaviest first."""
    weights: dict[tuple[str, str, str], dict[str, list[float]]] = {}
    folds: Counter[tuple[str, str, str]] = Counter()
    for fit in fits:
        if fit.scores is None:
            continue
        key = fit.split, fit.blocks, fit.model
        folds[key] += 1
        for feature, weight in fit.selected.items():
            weights.setdefault(key, {}).setdefault(feature, []).append(weight)
    found: list[Selected] = []
    for key, features in weights.items():
        rows = [Selected(*key, feature, len(values), folds[key], _mean(values)) for feature, values in features.items()]
        found += sorted(rows, key=lambda row: (-row.chosen, -np.nan_to_num(abs(row.mean_weight)), row.feature))
    return tuple(found)


def _mean(values: list[float]) -> float:
    """Mean of the weights that there are; an RBF kernel has none."""
    there = [value for value in values if value == value]
    return float(np.mean(there)) if there else float("nan")


def _estimate(design: Design, metric: Metric, fits: list[Fit], weights: NDArray[np.int16], refused: str) -> Estimate:
    if refused:
        return Estimate(None, reason=refused)
    failed = [fit for fit in fits if fit.scores is None]
    if failed:
        where = f"{failed[0].fold.name}: {failed[0].reason}"
        return Estimate(None, reason=f"{len(failed)} of {len(fits)} folds could not be fitted; {where}")
    rows = np.unique(np.concatenate([fit.fold.test for fit in fits]))
    events = int(design.event[rows].sum())
    what = "positive" if metric == "auc" else "with an event"
    reason = f"no comparable pair within a fold: {events} of {len(rows)} cases {what}"
    if metric == "uno_c":
        reason = _late_events(design, fits) or reason
    return estimate(_pairs(design, metric, fits), weights, reason=reason)


def _late_events(design: Design, fits: list[Fit]) -> str:
    """Why no event counts for Uno's C, though there are events; "" where some count, or there are none."""
    assert isinstance(design.endpoint, SurvivalEndpoint)
    event, time, horizon = design.y["event"], design.y["time"], design.endpoint.horizon_days
    seen, limits = 0, set[float]()
    for fit in fits:
        rows, train = fit.fold.test, fit.fold.train
        limit = uno_limit(event[train], time[train], horizon)
        if (event[rows] & (time[rows] < limit)).any():
            return ""
        seen += int(event[rows].sum())
        limits.add(limit)
    if not seen:
        return ""
    ends = "the horizon" if limits == {horizon} else "the last event of the training cases"
    day = f" (day {min(limits):g})" if len(limits) == 1 else ""
    none = "the only event here is not" if seen == 1 else f"none of the {seen} events here is"
    return f"Uno’s C counts events before {ends}{day}, and {none}"


def _pairs(design: Design, metric: Metric, fits: list[Fit]) -> Iterator[Pairs]:
    for fit in fits:
        if fit.scores is None:
            continue
        rows, train = fit.fold.test, fit.fold.train
        if metric == "auc":
            yield auc_pairs(rows, design.y[rows], fit.scores)
            continue
        event, time = design.y["event"], design.y["time"]
        if metric == "harrell_c":
            yield harrell_pairs(rows, event[rows], time[rows], fit.scores)
        else:
            assert isinstance(design.endpoint, SurvivalEndpoint)
            yield uno_pairs(
                rows,
                event[rows],
                time[rows],
                fit.scores,
                train_event=event[train],
                train_time=time[train],
                horizon=design.endpoint.horizon_days,
            )
