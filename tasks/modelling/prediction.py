"""Prediction: what a fitted model says of cases, whatever the model and the endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MOST_DAYS = 200  # of a curve


@dataclass(frozen=True, eq=False)
class Incidence:
    """How likely each of n cases has had an event of each cause by a day: curves that step, and are 0 before the first day.

    days: (k,) rising. value: (n, causes, k), in [0, 1], never falling along the days, at most 1 summed over the causes but for
    rounding. Causes are those of the outcome's codes 1, 2 … in their order; survival has one. The curves have at most 200
    days, which are days with events of the training cases, with evenly many of these between two (see curve_days): what they
    say of these days is exact, in between it is that of the day before.
    """

    days: Floats
    value: Floats

    def __post_init__(self) -> None:
        if self.value.ndim != 3 or self.value.shape[2] != len(self.days):
            raise ValueError(f"curves of shape {self.value.shape} do not have {len(self.days)} days")

    def __len__(self) -> int:
        return len(self.value)

    def at(self, days: Floats) -> Floats:
        """The incidence by each of m days, (n, causes, m), the day itself included; after the last day it stays as it is."""
        place = np.searchsorted(self.days, days, side="right") - 1
        if not len(self.days):
            return np.zeros((*self.value.shape[:2], len(place)))
        found: Floats = np.where(place >= 0, self.value[:, :, np.maximum(place, 0)], 0.0)
        return found

    def survival(self) -> Floats:
        """How likely each case is free of every event after each day, (n, k): 1 less the sum over causes, never below 0."""
        return np.asarray(np.maximum(1.0 - self.value.sum(axis=1), 0.0), np.float64)

    def take(self, rows: NDArray[np.intp]) -> Incidence:
        """The curves of some of these cases, by position."""
        return Incidence(self.days, self.value[rows])

    @classmethod
    def mean(cls, parts: Sequence[Incidence], weights: Sequence[float]) -> Incidence:
        """The weighted mean of several predictions of the same cases. weights: none below 0, at least one above."""
        days = parts[0].days
        if any(not np.array_equal(part.days, days) for part in parts[1:]):
            days = curve_days(np.concatenate([part.days for part in parts]))
        share = np.asarray(weights, np.float64) / float(np.sum(weights))
        value = np.sum([w * part.at(days) for w, part in zip(share, parts, strict=True)], axis=0)
        return cls(days, np.minimum(value, 1.0))


def curve_days(days: Floats) -> Floats:
    """The days at which curves step, rising, of the days of all training events, (events,): each of them, or 200.

    With more, every one of the 200 stands for about as many events; the first and the last day are among them.

    >>> curve_days(np.array([5.0, 2.0, 5.0]))
    array([2., 5.])
    """
    each = np.unique(days)
    if len(each) <= MOST_DAYS:
        return np.asarray(each, np.float64)
    ordered = np.sort(days)
    places = np.linspace(0, len(ordered) - 1, MOST_DAYS).round().astype(np.intp)
    return np.unique(ordered[places])


@dataclass(frozen=True, eq=False)
class Prediction:
    """Of n cases.

    risk: (n,) an order of the cases, higher is likelier positive, an earlier event, a higher rank or value; None of classes and
    of labels. probability: (n, classes) or (n, labels), None where the model gives none. value: (n,) of a number. incidence: of
    follow-up, None where the model gives an order alone.
    """

    risk: Floats | None = None
    probability: Floats | None = None
    value: Floats | None = None
    incidence: Incidence | None = None

    def __len__(self) -> int:
        parts = (self.risk, self.probability, self.value, self.incidence)
        return len(next(part for part in parts if part is not None))

    def take(self, rows: NDArray[np.intp]) -> Prediction:
        """The prediction of some of these cases, by position."""
        risk, probability, value = (None if p is None else p[rows] for p in (self.risk, self.probability, self.value))
        curves = None if self.incidence is None else self.incidence.take(rows)
        return Prediction(risk, probability, value, curves)

    @property
    def level(self) -> NDArray[np.intp]:
        """The predicted rank of each case, (n,): the first at which half of the probability is reached."""
        assert self.probability is not None
        return np.asarray((self.probability.cumsum(axis=1) < 0.5 - 1e-12).sum(axis=1), dtype=np.intp)
