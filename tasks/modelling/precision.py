"""Average precision: the area under the curve of precision over recall, as steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Compared(NamedTuple):
    """Cases that are compared with each other, of both kinds. fold: its number; places: of the cases in it, (m,)."""

    fold: int
    places: NDArray[np.intp]
    label: Bools
    score: Floats


def average_precision(label: Bools, score: Floats) -> float:
    """Σ (recall − recall before) · precision from the highest score down; equal scores are one step; NaN without a positive.

    label, score: (n,). Without interpolation, as in scikit-learn: Davis & Goadrich, ICML 2006;233.

    >>> average_precision(np.array([True, False, True]), np.array([0.9, 0.8, 0.1]))
    0.8333333333333333
    """
    positives = int(label.sum())
    if not positives:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(label[order])
    last = np.append(score[order][:-1] != score[order][1:], True)
    hits, called = hits[last], np.flatnonzero(last) + 1
    return float((np.diff(hits, prepend=0) * (hits / called)).sum() / positives)


def moved_precision(label: Bools, score: Floats) -> Floats:
    """How much each case moves the average precision, (n,): its derivative with regard to the weight of the case.

    label, score: (n,), with a positive. The parts add up to 0.
    """
    above = score[None, :] >= score[:, None]  # (case, those that score as high)
    called = above.sum(axis=1)
    precision = (above & label).sum(axis=1) / called
    positives = int(label.sum())
    own = np.where(label, precision - precision[label].mean(), 0.0)
    others = (above * np.where(label, 1 / called, 0.0)[:, None] * (label[None, :] - precision[:, None])).sum(axis=0)
    return np.asarray((own + others) / positives)


def compared_in(
    parts: Sequence[Sequence[NDArray[np.intp]]], label: Sequence[Bools], score: Sequence[Floats]
) -> list[Compared]:
    """parts: of each fold, the places of cases that are compared with each other. label, score: of each fold, (m,)."""
    every = [
        Compared(fold, places, label[fold][places], score[fold][places])
        for fold, own in enumerate(parts)
        for places in own
    ]
    return [one for one in every if 0 < one.label.sum() < len(one.label)]


def mean_precision(compared: Sequence[Compared]) -> float | None:
    """The mean of the average precisions, weighted by their positives; None without one."""
    if not compared:
        return None
    sizes = [int(one.label.sum()) for one in compared]
    found = [size * average_precision(one.label, one.score) for size, one in zip(sizes, compared, strict=True)]
    return float(sum(found) / sum(sizes))


def moved_mean(value: float, compared: Sequence[Compared], sizes: Sequence[int]) -> list[Floats]:
    """How much each case moves the mean precision, of each fold. sizes: of the folds."""
    found = [np.zeros(size) for size in sizes]
    positives = sum(int(one.label.sum()) for one in compared)
    for one in compared:
        here = average_precision(one.label, one.score)
        own = one.label.sum() * moved_precision(one.label, one.score) + one.label * (here - value)
        found[one.fold][one.places] += own / positives
    return found
