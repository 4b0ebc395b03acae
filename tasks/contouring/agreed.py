"""How well a network draws what people drew: a row for each case, and means with intervals over patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from features.core.region import Vector
from features.images.masks.agreement import agree

DRAWS, COVERAGE = 2000, 0.95
LEAST_DICE = 0.5  # a contour that shares less with the drawn one is listed as a failure


@dataclass(frozen=True, slots=True)
class Drawn:
    """A case whose contour was drawn by a network that has not seen the patient.

    dice: 0 where the network found nothing. hausdorff95_mm, surface_mm: NaN there, for there is no surface: such cases are counted
    as failures instead of being given a distance. failure: what is wrong in words, or "".
    """

    case: str
    patient: str
    centre: str
    fold: int
    dice: float
    hausdorff95_mm: float
    surface_mm: float
    drawn_ml: float
    network_ml: float
    failure: str


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over n cases, with the interval of a bootstrap over their patients; NaN without any."""

    value: float
    low: float
    high: float
    n: int


def drawn_case(
    names: tuple[str, str, str], fold: int, given: NDArray[np.bool_], found: NDArray[np.bool_], spacing_mm: Vector
) -> Drawn:
    """A row of the table of cases. names: case, patient and centre; given is not empty."""
    both = agree(given, found, spacing_mm)
    failure = "nothing found" if not found.any() else ""
    if not failure and both.dice == 0:
        failure = "elsewhere"
    elif not failure and both.dice < LEAST_DICE:
        failure = f"Dice below {LEAST_DICE:g}"
    distances = both.hausdorff95_mm, both.surface_mm
    return Drawn(*names, fold, both.dice, *distances, both.one_ml, both.other_ml, failure)


def mean_of(rows: Sequence[Drawn], value: Callable[[Drawn], float], seed: int) -> Mean:
    """Over the cases that have the value; the interval leaves out 2.5 % of the means of drawn patients on each side."""
    own = [one for one in rows if not isnan(value(one))]
    if not own:
        return Mean(nan, nan, nan, 0)
    patients = sorted({one.patient for one in own})
    place = {patient: i for i, patient in enumerate(patients)}
    sums, counts = np.zeros(len(patients)), np.zeros(len(patients))
    for one in own:
        sums[place[one.patient]] += value(one)
        counts[place[one.patient]] += 1
    drawn = np.random.default_rng(seed).integers(0, len(patients), (DRAWS, len(patients)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return Mean(float(sums.sum() / counts.sum()), float(low), float(high), len(own))
