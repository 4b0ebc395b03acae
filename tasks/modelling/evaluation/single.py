"""The best single column of each block: what one number alone tells of the outcome, and how often chance finds as much."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from features.core.design import Design
from features.core.outcome import Outcome
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.pairs import Pairs, outcome_pairs, share
from tasks.modelling.splits.split import Fold

PERMUTATIONS = 999
_SAME = 1 - 1e-9  # associations closer than this are one: sums are rounded differently from processor to processor
_CHUNK = 100  # permutations at a time

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Single:
    """The column of a block that is most associated with the outcome, of `columns`.

    value: its AUC or C-index over the n cases that have it, in the better direction: the best of many, so optimistic; of
    several classes or labels, of the one that it tells best. Only cases of one centre are compared, here and below.
    p: share of permutations of the outcome in which any column of the block is associated as much. out_of_fold: AUC or
    C-index if each training fold chooses its own best column of the block, None where no pair is comparable; chosen:
    in how many of the `folds` that was this column.
    """

    block: str
    column: str
    columns: int
    value: float
    n: int
    p: float
    out_of_fold: float | None
    chosen: int
    folds: int


def best_singles(design: Design, blocks: Sequence[str], folds: Sequence[Fold], seed: int) -> tuple[Single, ...]:
    """The best column of each block that has one that varies, of the rows that develop models.

    Association is that of ranks within the centres with the outcome: of the AUC from one half, the score of a Cox model on
    ranks, or Spearman's correlation, added up over centres and standardised over the cases that have the column; of several
    contrasts the strongest one. So a column that only tells the centres apart tells nothing. Outcomes are exchanged within
    centres, those of groups with as many rows there whole, so that copies and lesions of a patient stay together.
    """
    own = np.flatnonzero(design.develops)
    centres = pd.factorize(design.centres[own])[0].astype(np.intp)
    shuffled = _permutations(design.groups[own], centres, np.random.default_rng(seed_of(seed, "singles")))
    outcomes = design.endpoint.contrasts(design.outcome.take(own))
    residuals = [_within(_residuals, outcome, centres) for outcome in outcomes]
    found = []
    for block in blocks:
        columns = design.columns(block)
        every = design.X[columns].to_numpy(np.float64)
        X = every[own]
        ranks = _ranks(X, centres)
        strengths = [residual @ ranks for residual in residuals]
        if not len(columns) or not max(np.abs(strength).max() for strength in strengths) > 0:
            continue
        best, told = _first_best(strengths)
        strength = strengths[told][best]
        highest = np.concatenate(
            [
                np.max([np.abs(r[shuffled[start : start + _CHUNK]] @ ranks).max(axis=1) for r in residuals], axis=0)
                for start in range(0, PERMUTATIONS, _CHUNK)
            ]
        )
        p = (1 + int((highest >= abs(strength) * _SAME).sum())) / (PERMUTATIONS + 1)
        chosen, value = _out_of_fold(design, every, folds)
        known = np.flatnonzero(np.isfinite(X[:, best]))
        score = np.sign(strength) * X[:, best]
        parts = [known[centres[known] == centre] for centre in np.unique(centres)]
        alone = share([outcome_pairs(rows, outcomes[told].take(rows), score[rows]) for rows in parts])
        found.append(
            Single(
                block=block,
                column=columns[best],
                columns=len(columns),
                value=float("nan") if alone is None else max(alone, 1 - alone),
                n=len(known),
                p=p,
                out_of_fold=value,
                chosen=chosen.count(best),
                folds=len(chosen),
            )
        )
    return tuple(found)


def _out_of_fold(design: Design, X: Floats, folds: Sequence[Fold]) -> tuple[list[int], float | None]:
    """The column that each training fold chooses, and how well these order the test cases."""
    chosen: list[int] = []

    def pairs() -> Iterator[Pairs]:
        for fold in folds:
            centres = pd.factorize(design.centres[fold.train])[0].astype(np.intp)
            ranks = _ranks(X[fold.train], centres)
            train, test = design.outcome.take(fold.train), design.outcome.take(fold.test)
            strengths = [_within(_residuals, one, centres) @ ranks for one in design.endpoint.contrasts(train)]
            best, told = _first_best(strengths)
            chosen.append(best)
            sign = np.sign(strengths[told][best])
            score, usual = sign * X[fold.test, best], sign * X[fold.train, best]
            usual = usual[np.isfinite(usual)]
            middle = float(np.median(usual)) if len(usual) else 0.0
            score, seen = np.where(np.isfinite(score), score, middle), design.endpoint.contrasts(test)[told]
            for centre in np.unique(design.centres[fold.test]):
                rows = np.flatnonzero(design.centres[fold.test] == centre)
                yield outcome_pairs(fold.test[rows], seen.take(rows), score[rows])

    value = share(pairs())
    return chosen, value


def _first_best(strengths: Sequence[Floats]) -> tuple[int, int]:
    """The first column whose association with any contrast is the highest, up to rounding; and that contrast."""
    sizes = np.abs(strengths)
    size = sizes.max(axis=0)
    best = int(np.argmax(size >= size.max() * _SAME))
    return best, int(np.argmax(sizes[:, best]))


def _ranks(X: Floats, centres: Codes) -> Floats:
    """Ranks of each column within its centre about 0, 0 where missing, with a sum of squares of 1; 0 where nothing varies."""
    found = np.zeros(X.shape)
    for centre in range(int(centres.max(initial=-1)) + 1):
        own = centres == centre
        ranks = pd.DataFrame(X[own]).rank()
        found[own] = (ranks - ranks.mean()).fillna(0.0).to_numpy(np.float64)
    size = np.sqrt((found**2).sum(axis=0))
    return np.asarray(found / np.where(size > 0, size, 1.0), dtype=np.float64)


def _within(make: Callable[[Outcome], Floats], outcome: Outcome, centres: Codes) -> Floats:
    """What is made of the outcomes of each centre alone, (n,)."""
    found = np.zeros(len(outcome))
    for centre in range(int(centres.max(initial=-1)) + 1):
        own = np.flatnonzero(centres == centre)
        found[own] = make(outcome.take(own))
    return found


def _residuals(outcome: Outcome) -> Floats:
    """How much each case had of the outcome beyond what was to be expected of anybody, (n,).

    A flag less its mean; with follow-up the martingale residuals of the model without predictors (Nelson and Aalen); of a
    number its rank less their mean.
    """
    if outcome.value is not None:
        return np.asarray(rankdata(outcome.value) - (len(outcome) + 1) / 2, dtype=np.float64)
    if outcome.days is None:
        return np.asarray(outcome.flag - outcome.flag.mean(), dtype=np.float64)
    event, time = outcome.flag.astype(np.float64), outcome.days
    times, place = np.unique(time, return_inverse=True)
    deaths = np.bincount(place, event, len(times))
    at_risk = np.cumsum(np.bincount(place, minlength=len(times))[::-1])[::-1]
    return np.asarray(event - np.cumsum(deaths / at_risk)[place], dtype=np.float64)


def _permutations(groups: NDArray[np.str_], centres: Codes, rng: np.random.Generator) -> Codes:
    """Rows from which each row takes its outcome, (PERMUTATIONS, n): groups with rows in the same centres are exchanged."""
    label, _ = pd.factorize(groups)
    alike: dict[tuple[int, ...], list[Codes]] = {}
    for i in range(int(label.max()) + 1):
        own = np.flatnonzero(label == i)
        own = own[np.argsort(centres[own], kind="stable")]
        alike.setdefault(tuple(centres[own].tolist()), []).append(own)
    found = np.tile(np.arange(len(groups)), (PERMUTATIONS, 1))
    for same in (np.stack(own) for own in alike.values()):
        for one in found:
            one[same.ravel()] = same[rng.permutation(len(same))].ravel()
    return found
