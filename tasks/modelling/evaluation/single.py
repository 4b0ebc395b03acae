"""The best single column of each block: what one number alone tells of the outcome, and how often chance finds as much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.design import Design
from tasks.modelling.evaluation.seeds import seed_of
from tasks.modelling.metrics.concordance import Pairs, auc_pairs, harrell_pairs, share
from tasks.modelling.splits.split import Fold

PERMUTATIONS = 999
_SAME = 1 - 1e-9  # associations closer than this are one: sums are rounded differently from processor to processor
_CHUNK = 100  # permutations at a time

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Single:
    """The column of a block that is most associated with the outcome, of `columns`.

    value: its AUC or Harrell's C over the n cases that have it, in the better direction: the best of many, so optimistic.
    p: share of permutations of the outcome in which any column of the block is associated as much. out_of_fold: AUC or
    Harrell's C if each training fold chooses its own best column of the block, None where no pair is comparable; chosen:
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
    """The best column of each block that has one that varies.

    Association is that of ranks with the outcome: of the AUC from one half, or the score of a Cox model on ranks, standardised
    over the cases that have the column. Groups of the design with as many rows are exchanged whole, so that copies and lesions
    of a patient stay together.
    """
    shuffled = _permutations(design.groups, np.random.default_rng(seed_of(seed, "singles")))
    outcome = _residuals(design.y)
    found = []
    for block in blocks:
        columns = design.columns(block)
        X = design.X[columns].to_numpy(np.float64)
        ranks = _ranks(X)
        strength = outcome @ ranks
        if not len(columns) or not np.abs(strength).max() > 0:
            continue
        best = _first_best(strength)
        highest = np.concatenate(
            [
                np.abs(outcome[shuffled[start : start + _CHUNK]] @ ranks).max(axis=1)
                for start in range(0, PERMUTATIONS, _CHUNK)
            ]
        )
        p = (1 + int((highest >= abs(strength[best]) * _SAME).sum())) / (PERMUTATIONS + 1)
        chosen, value = _out_of_fold(design, X, folds)
        known = np.flatnonzero(np.isfinite(X[:, best]))
        alone = share([_pairs(design.y, known, np.sign(strength[best]) * X[known, best])])
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
            strength = _residuals(design.y[fold.train]) @ _ranks(X[fold.train])
            best = _first_best(strength)
            chosen.append(best)
            score = np.sign(strength[best]) * X[fold.test, best]
            usual = np.sign(strength[best]) * X[fold.train, best]
            usual = usual[np.isfinite(usual)]
            middle = float(np.median(usual)) if len(usual) else 0.0
            yield _pairs(design.y, fold.test, np.where(np.isfinite(score), score, middle))

    value = share(pairs())
    return chosen, value


def _first_best(strength: Floats) -> int:
    """The first column whose association is the highest, up to rounding."""
    size = np.abs(strength)
    return int(np.argmax(size >= size.max() * _SAME))


def _ranks(X: Floats) -> Floats:
    """Ranks of each column about 0, 0 where missing, with a sum of squares of 1; 0 throughout where nothing varies."""
    ranks = pd.DataFrame(X).rank()
    centred = (ranks - ranks.mean()).fillna(0.0).to_numpy(np.float64)
    size = np.sqrt((centred**2).sum(axis=0))
    return np.asarray(centred / np.where(size > 0, size, 1.0), dtype=np.float64)


def _residuals(y: NDArray[Any]) -> Floats:
    """How much each case had of the outcome beyond what was to be expected of anybody, (n,).

    Binary: the flag less its mean. Survival: martingale residuals of the model without predictors (Nelson and Aalen).
    """
    if y.dtype == bool:
        return np.asarray(y - y.mean(), dtype=np.float64)
    event, time = y["event"].astype(np.float64), y["time"]
    times, place = np.unique(time, return_inverse=True)
    deaths = np.bincount(place, event, len(times))
    at_risk = np.cumsum(np.bincount(place, minlength=len(times))[::-1])[::-1]
    return np.asarray(event - np.cumsum(deaths / at_risk)[place], dtype=np.float64)


def _pairs(y: NDArray[Any], rows: NDArray[np.intp], score: Floats) -> Pairs:
    if y.dtype == bool:
        return auc_pairs(rows, y[rows], score)
    return harrell_pairs(rows, y["event"][rows], y["time"][rows], score)


def _permutations(groups: NDArray[np.str_], rng: np.random.Generator) -> NDArray[np.intp]:
    """Rows from which each row takes its outcome, (PERMUTATIONS, n): groups of one size are exchanged."""
    label, _ = pd.factorize(groups)
    rows = [np.flatnonzero(label == i) for i in range(label.max() + 1)]
    by_size: dict[int, list[NDArray[np.intp]]] = {}
    for own in rows:
        by_size.setdefault(len(own), []).append(own)
    found = np.tile(np.arange(len(groups)), (PERMUTATIONS, 1))
    for same in (np.stack(own) for own in by_size.values()):
        for one in found:
            one[same.ravel()] = same[rng.permutation(len(same))].ravel()
    return found
