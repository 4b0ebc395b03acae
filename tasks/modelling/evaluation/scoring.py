"""Scores of the fits of a study, by the metrics of its endpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from features.core.design import EXTERNAL, Design
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.result import Chosen, Score, Selected, Share
from tasks.modelling.evaluation.study import Study
from tasks.modelling.intervals.estimate import Estimate, Models
from tasks.modelling.metrics.metric import Metric, Scored, all_metrics_of
from tasks.modelling.optimism import corrected_estimate
from tasks.modelling.prediction import Prediction
from tasks.modelling.splits.split import Split


def score_fits(
    design: Design,
    study: Study,
    blocks: Mapping[str, list[str]],
    fits: list[Fit],
    refused: Mapping[str, str],
) -> tuple[Score, ...]:
    """One Score per split, set of blocks, candidate and metric; one more per centre left out, and one per held-out cohort.

    Where several centres are predicted by one model there is another one of which only cases of the same centre are compared, of
    metrics that compare cases.

    Of splits with an apparent fold scores are corrected for optimism by it (.632+).
    A fold that failed leaves the overall score without a value: a score over the other folds would be another one.
    refused: split → why it could not be cut.
    """
    by_key: dict[tuple[str, str, str], list[Fit]] = {}
    whole: dict[tuple[str, str, str], Fit] = {}
    for fit in fits:
        key = fit.split, fit.blocks, fit.model
        if fit.fold.apparent:
            whole[key] = fit
        else:
            by_key.setdefault(key, []).append(fit)
    scores: list[Score] = []
    for split in study.splits:
        for name, columns in blocks.items():
            for candidate in study.candidates_of(name):
                own = by_key.get((split.kind, name, candidate.name), [])
                parts = [_part(design, *one) for one in _parts(design, study, split, own)]
                apparent = whole.get((split.kind, name, candidate.name))
                for metric in all_metrics_of(design.endpoint):
                    for centre, cohort, within, part, folds, rows in parts:
                        if within and not metric.compares:
                            continue
                        models: Models = "fixed" if centre else split.models
                        found = estimate(
                            design, metric, part, folds, models, within, refused.get(split.kind, ""), apparent
                        )
                        scores.append(
                            Score(
                                split=split.kind,
                                blocks=name,
                                model=candidate.name,
                                metric=metric.kind,
                                centre=centre,
                                cohort=cohort,
                                within=within,
                                value=found.value,
                                low=found.low,
                                high=found.high,
                                n=len(rows),
                                events=int(design.event[rows].sum()) if design.endpoint.has_events else None,
                                columns=len(columns),
                                settings=max((fit.settings for fit in part), default=0),
                                warnings=sum(sum(fit.warnings.values()) for fit in part),
                                reason=found.reason,
                                interval_of=found.interval_of,
                                lowest=found.lowest,
                                highest=found.highest,
                            )
                        )
    return tuple(scores)


def held_out_parts(design: Design) -> list[tuple[tuple[str, str], NDArray[np.intp]]]:
    """((role, cohort), rows) of the held-out rows of each cohort, in the order of the design."""
    keys = list(zip(design.held_out.tolist(), design.cohorts.tolist(), strict=True))
    rows: dict[tuple[str, str], list[int]] = {}
    for i in np.flatnonzero(~design.develops):
        rows.setdefault(keys[i], []).append(int(i))
    return [(key, np.array(own, np.intp)) for key, own in rows.items()]


def _parts(design: Design, study: Study, split: Split, fits: list[Fit]) -> Iterator[tuple[str, str, str, list[Fit]]]:
    """Centre, cohort, what cases are compared within, and the fits as far as they predict these."""
    if split.left_out:
        yield "", "", "", fits
        yield from ((fit.fold.name, "", "", [fit]) for fit in fits)
        return
    for cohort, part in cohorts_of(design, study, split, fits):
        rows = np.unique(np.concatenate([fit.fold.test for fit in part])) if part else np.arange(0)
        several = len(np.unique(design.centres[rows])) > 1
        yield from (("", cohort, within, part) for within in ("", "centre")[: 1 + several])


def cohorts_of(design: Design, study: Study, split: Split, fits: list[Fit]) -> Iterator[tuple[str, list[Fit]]]:
    """The fits of a split, under "", or as far as they predict each held-out cohort, under its name."""
    if not split.predicts_held_out:
        yield "", fits
        return
    tested = {cohort for fit in fits for cohort in design.cohorts[fit.fold.test].tolist()}
    names = study.external if split.kind == EXTERNAL else [name for name in study.cohorts if name in tested] or [""]
    yield from ((name, [_of_cohort(design, fit, name) for fit in fits]) for name in names)


def _of_cohort(design: Design, fit: Fit, cohort: str) -> Fit:
    keep = np.flatnonzero(design.cohorts[fit.fold.test] == cohort)
    prediction = fit.prediction.take(keep) if fit.prediction is not None else None
    return replace(fit, fold=replace(fit.fold, test=fit.fold.test[keep]), prediction=prediction)


def selected_of(fits: list[Fit]) -> tuple[Selected, ...]:
    """Features that any fold chose, by split, set of blocks and model, the most often chosen and heaviest first."""
    weights: dict[tuple[str, str, str], dict[str, list[float]]] = {}
    folds: Counter[tuple[str, str, str]] = Counter()
    for fit in fits:
        if fit.prediction is None:
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


def shares_of(seen: Callable[[str], Design], blocks: Mapping[str, list[str]], fits: list[Fit]) -> tuple[Share, ...]:
    """What the blocks of each set of several contributed, by split, set and candidate. seen: the design as a set sees it."""
    groups: dict[tuple[str, str, str], list[Fit]] = {}
    for fit in fits:
        if fit.prediction is not None:
            groups.setdefault((fit.split, fit.blocks, fit.model), []).append(fit)
    found: list[Share] = []
    for key, own in groups.items():
        of_column = seen(key[1]).blocks
        names = list(dict.fromkeys(of_column[column] for column in blocks[key[1]]))
        for block in names if len(names) > 1 else ():
            share = [fit.shares.get(block, 0.0) for fit in own]
            chosen = [
                sum((fit.encoded.get(column) or of_column[column]) == block for column in fit.selected) for fit in own
            ]
            found.append(Share(*key, block, float(np.mean(share)), float(np.mean(chosen)), len(own)))
    return tuple(found)


def chosen_of(fits: list[Fit]) -> tuple[Chosen, ...]:
    """What inner folds chose, by split, set of blocks and candidate, the most often chosen first; nothing without a choice."""
    groups: dict[tuple[str, str, str], list[Fit]] = {}
    for fit in fits:
        if fit.prediction is not None and fit.settings > 1:
            groups.setdefault((fit.split, fit.blocks, fit.model), []).append(fit)
    found: list[Chosen] = []
    for key, own in groups.items():
        for name in dict.fromkeys(name for fit in own for name in fit.chosen):
            values = Counter(str(fit.chosen[name]) for fit in own if name in fit.chosen)
            found += [Chosen(*key, name, value, count, len(own)) for value, count in values.most_common()]
    return tuple(found)


def _mean(values: list[float]) -> float:
    """Mean of the weights that there are; an RBF kernel has none."""
    there = [value for value in values if value == value]
    return float(np.mean(there)) if there else float("nan")


def _part(
    design: Design, centre: str, cohort: str, within: str, fits: list[Fit]
) -> tuple[str, str, str, list[Fit], list[Scored], NDArray[np.intp]]:
    """With what was seen of the predicted cases, which all metrics share, and the rows that these are."""
    folds = [scored_of(design, fit, fit.prediction) for fit in fits if fit.prediction is not None]
    rows = np.unique(np.concatenate([fit.fold.test for fit in fits])) if fits else np.arange(0)
    return centre, cohort, within, fits, folds, rows


def estimate(
    design: Design,
    metric: Metric,
    fits: Sequence[Fit],
    folds: Sequence[Scored],
    models: Models,
    within: str,
    refused: str,
    apparent: Fit | None = None,
) -> Estimate:
    """A metric of the fits of a split, with its interval, or why there is none. folds: of those that predicted.

    within: "centre" where only cases of one centre are compared. refused: why the split could not be cut, else "". apparent: the
    fit of all cases to these same cases, of splits that need it.
    """
    if refused:
        return Estimate(None, reason=refused)
    failed = [fit for fit in fits if fit.prediction is None]
    if failed:
        where = f"{failed[0].fold.name}: {failed[0].reason}"
        return Estimate(None, reason=f"{len(failed)} of {len(fits)} folds could not be fitted; {where}")
    if fits and not any(len(fit.fold.test) for fit in fits):
        return Estimate(None, reason="no case is left, as the flow of cases tells")
    if not folds:
        return Estimate(None, reason="no fold was scored")
    if models != "bootstrap":
        return metric.estimate(folds, design.groups, models, within=within == "centre")
    if apparent is None or apparent.prediction is None:
        why = apparent.reason if apparent else "it is not among the fits"
        return Estimate(None, reason=f"the model of all cases could not be fitted; {why}")
    same = replace(scored_of(design, apparent, apparent.prediction), day=folds[0].day)
    return corrected_estimate(metric, folds, same, design.groups, within=within == "centre")


def scored_of(design: Design, fit: Fit, prediction: Prediction) -> Scored:
    """A predicted fold beside what was seen."""
    rows, train = fit.fold.test, fit.fold.train[design.scored[fit.fold.train]]
    seen, learnt = design.outcome.take(rows), design.outcome.take(train)
    centres, repeat = design.centres[rows], fit.fold.repeat
    return Scored(rows, seen, prediction, learnt, design.endpoint, centres, repeat, fit.cut, fit.line, trained=train)
