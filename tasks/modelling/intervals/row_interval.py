"""The interval of a number that is computed from sums over rows, such as R² and kappa."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.intervals.delong import least_of_perfect
from tasks.modelling.intervals.estimate import Estimate, Models
from tasks.modelling.intervals.patient_pairs import patients_of
from tasks.modelling.intervals.retrained import with_training
from tasks.modelling.intervals.scale import Scale, interval_on
from tasks.modelling.intervals.words import THIS_MODEL, no_interval, other_data

Floats = NDArray[np.float64]
_STEP = 1e-4  # rows weigh so much more and less for derivatives


@dataclass(frozen=True, eq=False)
class RowSums:
    """What rows of one fold add to one of the parts that the score is averaged over. rows: (m,); adds: (m, k)."""

    rows: NDArray[np.intp]
    adds: Floats
    repeat: int
    part: str


def row_estimate(
    value: float,
    sums: Sequence[RowSums],
    of_sums: Callable[[Floats], Floats],
    groups: NDArray[np.str_],
    models: Models,
    *,
    train: float,
    ratio: float,
    above: float | None = None,
    scale: Scale = "loss",
    resampled: str = "",
) -> Estimate:
    """The value with its 95 % interval, or the reason why there is none.

    value: the mean of `of_sums` over the parts, weighted by their rows; parts where it is undefined do not count. groups: (n,)
    what stays together. train, ratio: as in pair_estimate. above: only higher values have an interval if models are resampled.
    scale: see scale.py; of "count" the last column of adds counts the cases of which the value is a share. resampled: why there is
    no interval if models are.
    The variance is that of pair_interval, with the derivative of the value with regard to the weight of a patient as its influence
    (the infinitesimal jackknife, Efron, Biometrika 1981;68:589).
    """
    if models == "centres":
        return Estimate(value, reason=no_interval("of this score none was found that holds for a new centre"))
    if models == "resampled" and resampled:
        return Estimate(value, reason=no_interval(resampled))
    if scale == "count" and value in (0.0, 1.0) and models == "fixed":
        counted = [one.rows[one.adds[:, -1] > 0] for one in sums]
        least = least_of_perfect(len(np.unique(groups[np.concatenate(counted)])))
        return Estimate(value, *((least, 1.0) if value == 1.0 else (0.0, 1.0 - least)), interval_of=THIS_MODEL)
    moved = influence_of(value, sums, of_sums, groups)
    return moved_estimate(value, moved, models, train=train, ratio=ratio, above=above, scale=scale)


def moved_estimate(
    value: float,
    moved: Floats,
    models: Models,
    *,
    train: float,
    ratio: float,
    above: float | None = None,
    scale: Scale,
) -> Estimate:
    """The value with its 95 % interval by how much each patient moves it in each repeat, (repeats, patients)."""
    patients = (moved != 0).any(axis=0).sum()
    try:
        if not patients > 1:
            raise ValueError("all patients add the same")
        variance = float((moved.sum(axis=0) ** 2).sum()) * float(patients / (patients - 1))
        if models == "resampled":
            if len(moved) < 2:
                raise ValueError("a single repeat")
            if above is not None and value <= above:
                raise ValueError(f"the score is not above {above:g}, where none was found that is narrow enough")
            unrest = float((len(moved) * moved).var(axis=0, ddof=1).sum())
            variance = with_training(variance, unrest, ratio)
        low, high = interval_on(scale, value, variance)
    except ValueError as error:
        return Estimate(value, reason=no_interval(str(error)))
    return Estimate(value, low, high, interval_of=THIS_MODEL if models == "fixed" else other_data(train))


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
