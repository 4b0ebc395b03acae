"""The interval of a number that is computed from sums over rows, such as R² and kappa."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.intervals.delong import least_of_perfect
from tasks.modelling.intervals.estimate import Estimate, Models, Way
from tasks.modelling.intervals.fold_wise import fold_wise_variance, moved_by_fold
from tasks.modelling.intervals.patient_pairs import patients_of
from tasks.modelling.intervals.retrained import with_training
from tasks.modelling.intervals.scale import Scale, interval_on
from tasks.modelling.intervals.words import THESE_MODELS, THIS_MODEL, no_interval, other_data

Floats = NDArray[np.float64]
_STEP = 1e-4  # rows weigh so much more and less for derivatives


@dataclass(frozen=True, eq=False)
class RowSums:
    """What rows of one fold add to one of the parts that the score is averaged over. rows: (m,); adds: (m, k)."""

    rows: NDArray[np.intp]
    adds: Floats
    repeat: int
    part: str


@dataclass(frozen=True, eq=False)
class FoldsTested:
    """What was tested: rows and repeat of each fold, and what stays together, (n,). train, ratio: as in pair_estimate."""

    rows: Sequence[NDArray[np.intp]]
    repeats: Sequence[int]
    groups: NDArray[np.str_]
    train: float
    ratio: float

    def by_patient(self, by_row: Sequence[Floats]) -> Floats:
        """(repeats, patients) of what each row of each fold moves the score."""
        position, patients = patients_of(self.rows, self.groups)
        number = {repeat: i for i, repeat in enumerate(dict.fromkeys(self.repeats))}
        moved = np.zeros((len(number), patients))
        for rows, repeat, own in zip(self.rows, self.repeats, by_row, strict=True):
            np.add.at(moved[number[repeat]], position[rows], own)
        return moved


def row_estimate(
    value: float,
    sums: Sequence[RowSums],
    of_sums: Callable[[Floats], Floats],
    tested: FoldsTested,
    models: Models,
    *,
    scale: Scale = "loss",
    way: Way = "built",
) -> Estimate:
    """The value with its 95 % interval, or the reason why there is none.

    value: the mean of `of_sums` over the parts, weighted by their rows; parts where it is undefined do not count. scale:
    see scale.py; of "count" the last column of adds counts the cases of which the value is a share. way: what it is of if models
    are resampled.
    The variance is that of pair_interval, with the derivative of the value with regard to the weight of a patient as its influence
    (the infinitesimal jackknife, Efron, Biometrika 1981;68:589).
    """
    if models == "centres":
        return Estimate(value, reason=no_interval("of this score none was found that holds for a new centre"))
    if scale == "count" and value in (0.0, 1.0) and models == "fixed":
        counted = [one.rows[one.adds[:, -1] > 0] for one in sums]
        least = least_of_perfect(len(np.unique(tested.groups[np.concatenate(counted)])))
        return Estimate(value, *((least, 1.0) if value == 1.0 else (0.0, 1.0 - least)), interval_of=THIS_MODEL)
    moved = influence_of(value, sums, of_sums, tested.groups)
    return moved_estimate(value, moved, tested, models, scale=scale, way=way)


def moved_estimate(
    value: float,
    moved: Floats,
    tested: FoldsTested,
    models: Models,
    *,
    scale: Scale,
    way: Way = "built",
    test: float | None = None,
) -> Estimate:
    """The value with its 95 % interval by how much each patient moves it in each repeat, (repeats, patients).

    test: how many cases are scored together, where the score depends on it.
    """
    patients = (moved != 0).any(axis=0).sum()
    try:
        if not patients > 1:
            raise ValueError("all patients add the same")
        variance = float((moved.sum(axis=0) ** 2).sum()) * float(patients / (patients - 1))
        if models == "resampled":
            variance = _over_folds(variance, moved, tested, way)
        low, high = interval_on(scale, value, variance)
    except ValueError as error:
        return Estimate(value, reason=no_interval(str(error)))
    of = THESE_MODELS if way == "these" else other_data(tested.train, test)
    return Estimate(value, low, high, interval_of=THIS_MODEL if models == "fixed" else of)


def _over_folds(settled: float, moved: Floats, tested: FoldsTested, way: Way) -> float:
    if way == "folds":
        by_fold = moved_by_fold(moved, tested.rows, tested.repeats, tested.groups)
        return fold_wise_variance(settled, by_fold, tested.ratio)
    if len(moved) < 2:
        raise ValueError("a single repeat")
    unrest = float((len(moved) * moved).var(axis=0, ddof=1).sum())
    return with_training(settled, unrest, tested.ratio)


def influence_of(
    value: float, sums: Sequence[RowSums], of_sums: Callable[[Floats], Floats], groups: NDArray[np.str_]
) -> Floats:
    """(repeats, patients): the derivative of the value with regard to the weight of a patient in a repeat."""
    position, patients = patients_of([one.rows for one in sums], groups)
    repeats = {repeat: i for i, repeat in enumerate(dict.fromkeys(one.repeat for one in sums))}
    shape = len(repeats), patients
    found, size = np.zeros(shape), 0.0
    for part in dict.fromkeys(one.part for one in sums):
        own = [one for one in sums if one.part == part]
        adds, cases = np.zeros((*shape, own[0].adds.shape[1])), np.zeros(shape)
        for one in own:
            np.add.at(adds[repeats[one.repeat]], position[one.rows], one.adds)
            np.add.at(cases[repeats[one.repeat]], position[one.rows], 1.0)
        total = adds.sum(axis=(0, 1))
        here = float(of_sums(total[None, :])[0])
        if not np.isfinite(here):
            continue
        step = _STEP * adds.reshape(-1, len(total))
        slope = (of_sums(total + step) - of_sums(total - step)) / (2 * _STEP)
        found += cases.sum() * slope.reshape(shape) + cases * (here - value)
        size += float(cases.sum())
    return found / size if size else found
