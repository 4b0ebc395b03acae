"""compare: pairs of combinations on the same cases, by the first metric of the endpoint, corrected for their number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from features.core.design import Design
from tasks.modelling.comparisons.comparing import Comparing
from tasks.modelling.comparisons.corrected import benjamini_hochberg, holm
from tasks.modelling.comparisons.corrected_t import corrected_t
from tasks.modelling.comparisons.difference import Difference
from tasks.modelling.comparisons.heterogeneity import Heterogeneity, heterogeneity
from tasks.modelling.comparisons.paired_test import paired_test
from tasks.modelling.comparisons.swapped import moved_difference, swapped_p
from tasks.modelling.evaluation.comparison import BASELINES, Between, Comparison
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.scoring import cohorts_of, scored_of
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.evaluation.study import Study
from tasks.modelling.intervals.delong import fixed_variance
from tasks.modelling.intervals.estimate import Models
from tasks.modelling.intervals.patient_pairs import PatientPairs
from tasks.modelling.metrics.metric import Metric, PairMetric, RowMetric, metrics_of
from tasks.modelling.scored import Scored
from tasks.modelling.splits.split import Split

Combination = tuple[str, str]  # set of blocks, candidate
DELONG, PAIRED, CORRECTED = "DeLong", "DeLong with training cases allowed for", "corrected resampled t"  # tests
SWAPPED = "permutation"


def compare_fits(
    design: Design, study: Study, blocks: Mapping[str, Sequence[str]], fits: Sequence[Fit]
) -> tuple[Comparison, ...]:
    """Each set of blocks against each baseline by the same candidate, and each candidate against the first of the study on a set.

    Shares of concordant pairs have the paired test of one fitted model (DeLong's) or of several repeats; other scores, and one
    repeat, the corrected resampled t-test. Over left-out centres nothing is tested: each trains the models of the others. Neither
    are draws with replacement, whose scores are corrected ones.
    """
    metric, by_key = metrics_of(design.endpoint)[0], _by_key(fits)
    found: list[Comparison] = []
    for split in study.splits:
        if split.models in ("centres", "bootstrap"):
            continue
        for cohort in dict.fromkeys(name for name, _ in _parts(design, study, split, by_key)):
            family = [
                _compared(design, study, split, cohort, metric, pair, by_key) for pair in _pairs(study, list(blocks))
            ]
            found += _corrected([one for one in family if one is not None], study.comparisons.correction)
    return tuple(found)


def compared(
    design: Design,
    study: Study,
    split: Split,
    cohort: str,
    metric: Metric,
    pair: tuple[Combination, Combination],
    fits: Sequence[Fit],
) -> Comparison | None:
    """Two combinations by any metric under a split, uncorrected; None where one of them was not fitted in every fold.

    cohort: of held-out cases, or "".
    """
    by_key = _by_key(fits)
    there = [name for name, _ in _parts(design, study, split, by_key)]
    return _compared(design, study, split, cohort, metric, pair, by_key) if cohort in there else None


def between_centres(
    design: Design, study: Study, blocks: Mapping[str, Sequence[str]], fits: Sequence[Fit]
) -> tuple[Between, ...]:
    """Of each combination under leave-one-centre-out."""
    metric, by_key = metrics_of(design.endpoint)[0], _by_key(fits)
    if not any(split.kind == "centre_out" for split in study.splits):
        return ()
    found = []
    for name in blocks:
        for candidate in study.candidates_of(name):
            own = by_key.get(("centre_out", name, candidate.name), [])
            found.append(Between(name, candidate.name, metric.kind, *_heterogeneity(design, metric, own)))
    return tuple(found)


def _heterogeneity(design: Design, metric: Metric, fits: Sequence[Fit]) -> tuple[Heterogeneity | None, str]:
    if not isinstance(metric, PairMetric):
        return None, "the variance of this score in one centre is not known"
    scores, variances = [], []
    for fit in fits:
        if fit.prediction is None:
            continue
        sets = _patient_pairs(metric, [scored_of(design, fit, fit.prediction)], design, within=False)
        if len(sets) == 1 and not sets[0].one_patient and 0 < sets[0].value < 1:
            variance = fixed_variance(sets[0])
            if variance > 0:
                scores.append(sets[0].value)
                variances.append(variance)
    try:
        return heterogeneity(scores, variances), ""
    except ValueError as error:
        return None, str(error)


def _by_key(fits: Sequence[Fit]) -> dict[tuple[str, str, str], list[Fit]]:
    found: dict[tuple[str, str, str], list[Fit]] = {}
    for fit in fits:
        found.setdefault((fit.split, fit.blocks, fit.model), []).append(fit)
    return found


def _pairs(study: Study, names: list[str]) -> Iterator[tuple[Combination, Combination]]:
    """Each set beside the baselines with the same candidate, or the first where that learns from images; and its candidates."""
    for name in (name for name in names if name not in BASELINES):
        candidates = [one.name for one in study.candidates_of(name)]
        for base in (one for one in BASELINES if one in names):
            there = [one.name for one in study.candidates_of(base)]
            yield from (((name, one), (base, one if one in there else there[0])) for one in candidates)
        yield from (((name, model), (name, candidates[0])) for model in candidates[1:])


def _parts(
    design: Design, study: Study, split: Split, by_key: Mapping[tuple[str, str, str], list[Fit]]
) -> list[tuple[str, list[Fit]]]:
    own = next((fits for (kind, _, _), fits in by_key.items() if kind == split.kind), [])
    return list(cohorts_of(design, study, split, own)) if own else []


def _compared(
    design: Design,
    study: Study,
    split: Split,
    cohort: str,
    metric: Metric,
    pair: tuple[Combination, Combination],
    by_key: Mapping[tuple[str, str, str], list[Fit]],
) -> Comparison | None:
    """None where one of them was not fitted in every fold: its score says why."""
    sides: list[list[Scored]] = []
    for combination in pair:
        fits = dict(cohorts_of(design, study, split, by_key.get((split.kind, *combination), [])))[cohort]
        scored = [scored_of(design, fit, fit.prediction) for fit in fits if fit.prediction is not None]
        if len(scored) < len(fits) or not scored:
            return None
        sides.append(scored)
    rows = np.unique(np.concatenate([fold.rows for fold in sides[0]]))
    within = len(np.unique(design.centres[rows])) > 1 and all(
        metric.value(one, within=True) is not None for one in sides
    )
    seed = seed_of(study.seed, "compared", split.kind, cohort, *pair[0], *pair[1])
    found, test = _difference(
        metric, sides, design, study.comparisons, seed, within=within, fixed=split.models == "fixed"
    )
    return Comparison(
        split=split.kind,
        cohort=cohort,
        metric=metric.kind,
        within="centre" if within else "",
        blocks=pair[0][0],
        model=pair[0][1],
        other_blocks=pair[1][0],
        other_model=pair[1][1],
        difference=found.value,
        low=found.low,
        high=found.high,
        p=found.p,
        p_corrected=None,
        compared=0,
        n=len(rows),
        test=test if found.p is not None else "",
        correction=study.comparisons.correction,
        reason=found.reason,
    )


def _difference(
    metric: Metric,
    sides: Sequence[list[Scored]],
    design: Design,
    how: Comparing,
    seed: int,
    *,
    within: bool,
    fixed: bool,
) -> tuple[Difference, str]:
    """The difference, and what tested it."""
    values = [metric.value(folds, within=within) for folds in sides]
    if values[0] is None or values[1] is None:
        return Difference(None, reason=metric.undefined(sides[0], within=within)), ""
    value = values[0] - values[1]
    repeats = [fold.repeat for fold in sides[0]]
    if isinstance(metric, PairMetric) and (fixed or len(set(repeats)) > 1):
        first, second = (
            [*zip(*(metric.pairs_of(fold, within=within) for fold in folds), strict=True)] for folds in sides
        )
        ratio = sum(len(fold.train) for fold in sides[0]) / max(1, sum(len(fold.rows) for fold in sides[0]))
        models: Models = "fixed" if fixed else "resampled"
        found = paired_test(value, first, second, design.groups, models, repeats=repeats, ratio=ratio)
        if not fixed or how.test == "usual" or found.p is None:
            return found, DELONG if fixed else PAIRED
        return replace(found, p=_swapped(metric, sides, design, how, seed, within=within)), SWAPPED
    if fixed:
        p = _swapped(metric, sides, design, how, seed, within=within)
        if p is None or not isinstance(metric, RowMetric):
            return Difference(
                value, p=p, reason="" if p else "the score is not defined where predictions are exchanged"
            ), SWAPPED
        return moved_difference(metric, sides[0], sides[1], design.groups, p=p, within=within), SWAPPED
    by_fold = [
        (metric.value([one], within=within), metric.value([two], within=within))
        for one, two in zip(*sides, strict=True)
    ]
    differences = [one - two for one, two in by_fold if one is not None and two is not None]
    shares = [len(fold.rows) / len(fold.train) for fold in sides[0]]
    return corrected_t(value, differences, float(np.mean(shares))), CORRECTED


def _swapped(
    metric: Metric, sides: Sequence[list[Scored]], design: Design, how: Comparing, seed: int, *, within: bool
) -> float | None:
    rng = np.random.default_rng(seed)
    return swapped_p(metric, sides[0], sides[1], design.groups, draws=how.draws, rng=rng, within=within)


def _patient_pairs(metric: PairMetric, folds: Sequence[Scored], design: Design, *, within: bool) -> list[PatientPairs]:
    sets = zip(*(metric.pairs_of(fold, within=within) for fold in folds), strict=True)
    repeats = [fold.repeat for fold in folds]
    found = [PatientPairs.of(pairs, repeats, design.groups) for pairs in sets]
    return [one for one in found if one.total > 0]


def _corrected(family: Sequence[Comparison], correction: Literal["holm", "benjamini_hochberg"]) -> list[Comparison]:
    tested = [one.p for one in family if one.p is not None]
    each = iter(holm(tested) if correction == "holm" else benjamini_hochberg(tested))
    return [replace(one, compared=len(tested), p_corrected=None if one.p is None else next(each)) for one in family]
