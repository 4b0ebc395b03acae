"""nomogram_of: a saved model as points of each column that add up, and what a total predicts."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.core.kinds.endpoint import Timed
from tasks.modelling.evaluation.final import Final
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.scored import Scored

MOST_COLUMNS = 12  # that people add up by hand
HEADS = ("axis", "unit", "value", "points", "rounded", "score")
_WIDEST = 100.0  # points of the column that moves the prediction most
_TICKS, _FAR = 5, 0.05  # of an axis; part of the training cases that lies beyond either end of it
_CHANCES = (0.01, 0.02, 0.05, *(k / 10 for k in range(1, 10)), 0.95, 0.98, 0.99)
_EDGE = 1e-6  # nearer to 0 or 1 an incidence has too few digits to tell its score
_ABSURD = 1e100  # of values
_ROUNDING = 1e-8  # of scores beside their size


@dataclass(frozen=True)
class Axis:
    """A column: its ticks, rising, in its unit; what a value adds to the score is weight · (value − start), at least 0 on the axis.

    is_flag: whether it is 0 or 1.
    """

    column: str
    unit: str
    ticks: tuple[float, ...]
    weight: float
    is_flag: bool

    @property
    def start(self) -> float:
        """The value that has no points."""
        return self.ticks[0] if self.weight > 0 else self.ticks[-1]

    def score(self, value: float) -> float:
        """What a value adds to the score; outside the axis below 0, or beyond its end."""
        return self.weight * (value - self.start) + 0.0  # never -0

    @property
    def most(self) -> float:
        """What the end of the axis adds."""
        return max(self.score(value) for value in self.ticks)


@dataclass(frozen=True)
class Nomogram:
    """axes: of the columns, the longest first. lowest: the score where no column has points. predicted: what a total is worth:
    "probability of yes", or "survival on day D". day: D, NaN of a probability. The score is the log odds of yes, or the logarithm
    of the cumulative hazard on the day. limited: training cases that have a value which a step cuts off, of which it is not true.
    """

    axes: tuple[Axis, ...]
    lowest: float
    predicted: str
    day: float
    limited: int

    @property
    def per_point(self) -> float:
        """What a point adds to the score."""
        return max(axis.most for axis in self.axes) / _WIDEST

    @property
    def total(self) -> float:
        """The points of a case at the ends of all axes."""
        return sum(axis.most for axis in self.axes) / self.per_point

    def chance(self, score: float) -> float:
        """The probability of yes, or survival, of a score."""
        return _inverse_logit(score) if math.isnan(self.day) else math.exp(-math.exp(min(score, 700.0)))

    def chances(self) -> list[tuple[float, float]]:
        """Round values of what is predicted, each with its points, points rising, of those that a total of the axes reaches."""
        found = []
        for chance in _CHANCES:
            score = math.log(chance / (1 - chance)) if math.isnan(self.day) else math.log(-math.log(chance))
            points = (score - self.lowest) / self.per_point
            if 0 <= points <= self.total:
                found.append((chance, points))
        return sorted(found, key=lambda one: one[1])

    def rows(self) -> Iterator[tuple[str, str, float, float, int, float]]:
        """By HEADS: each tick of each column, then what totals predict, from that of no points to that of all.

        score: what the points are worth exactly; of totals the score itself. Between two rows of an axis both are straight lines.
        """
        for axis in self.axes:
            for value in axis.ticks:
                points = axis.score(value) / self.per_point
                yield axis.column, axis.unit, value, points, _whole(points), axis.score(value)
        ends = [(self.chance(self.lowest + points * self.per_point), points) for points in (0.0, self.total)]
        for chance, points in (ends[0], *self.chances(), ends[1]):
            yield self.predicted, "", chance, points, _whole(points), self.lowest + points * self.per_point

    def csv(self) -> bytes:
        """Its rows as a table in UTF-8; numbers are whole, as floats are written back."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(HEADS)
        writer.writerows(self.rows())
        return text.getvalue().encode()


def nomogram_of(final: Final, rows: Rows) -> Nomogram | str:
    """The nomogram of a model of yes or no, or of survival, whose risk is a sum of few weighted columns; else why there is none.

    rows: of training cases, of which the ends of the axes are taken: round values about all but a twentieth at either end, so that
    no value of a single case is told. Points add up to what the model predicts, of values that are known and that no step cuts off.
    Iasonos et al., J Clin Oncol 2008;26:1364.
    """
    is_timed = isinstance(final.endpoint, Timed)
    if final.endpoint.predicted != "risk" or (isinstance(final.endpoint, Timed) and final.endpoint.competes):
        return f"a nomogram is of yes or no, or of survival; this model predicts {final.endpoint.title.lower()}"
    if not is_timed and not final.line[1] > 0:
        return "its probability is not known, or the same for all cases"
    needed = final.needed(rows)
    found = final.fitted.linear(needed)
    if isinstance(found, str):
        return found
    if not found.weights:
        return "no column has a weight"
    if len(found.weights) > MOST_COLUMNS:
        return f"{len(found.weights)} columns have weights; a nomogram has at most {MOST_COLUMNS}"
    prediction = final.predict(needed)
    place = {name: i for i, name in enumerate(needed.columns.names.tolist())}
    own = np.array([place[name] for name in found.weights], np.intp)
    weights = np.array(list(found.weights.values()))
    values = needed.X[:, own]
    known = ~np.isnan(values).any(axis=1)
    if not known.any():
        return "no training case has a value in each of its columns"
    if not np.abs(values[known]).max() < _ABSURD:
        return f"a column has values beyond {_ABSURD:g}, which no axis shows"
    risk = found.constant + values[known] @ weights
    size = 1.0 + np.abs(values[known] * weights).sum(axis=1) + abs(found.constant)
    assert prediction.risk is not None
    limited = int((np.abs(risk - prediction.risk[known]) > _ROUNDING * size).sum())
    if limited == len(risk):
        return "its steps cut off a value of every training case"
    score = _score_of(final, prediction.take(np.flatnonzero(known)))
    if isinstance(score, str):
        return score
    intercept, slope, day = score
    axes = [
        _axis(name, final.units.get(name, ""), slope * weight, values[known, i])
        for i, (name, weight) in enumerate(found.weights.items())
    ]
    lowest = intercept + slope * (found.constant + sum(found.weights[axis.column] * axis.start for axis in axes))
    return Nomogram(
        tuple(sorted(axes, key=lambda axis: (-axis.most, axis.column))),
        lowest,
        "probability of yes" if math.isnan(day) else f"survival on day {day:g}",
        day,
        limited,
    )


def horizon_of(final: Final) -> float:
    """The day that follow-up of a model is judged at: that of the endpoint, or the median day of the events that trained it."""
    nobody = Prediction(risk=np.zeros(len(final.seen)))
    return Scored(np.arange(len(final.seen)), final.seen, nobody, final.seen, final.endpoint).horizon


def _score_of(final: Final, prediction: Prediction) -> tuple[float, float, float] | str:
    """Intercept and slope that make a score of the risk, and the day, NaN of a probability; or why there are none."""
    if not isinstance(final.endpoint, Timed):
        return *final.line, float("nan")
    day = horizon_of(final)
    if prediction.incidence is None or math.isnan(day):
        return "its survival on a day is not known"
    assert prediction.risk is not None
    incidence = prediction.incidence.at(np.array([day]))[:, 0, 0]
    usable = (incidence > _EDGE) & (incidence < 1 - _EDGE)
    if not usable.any():
        return f"no event had come by day {day:g}"
    score, risk = np.log(-np.log1p(-incidence[usable])), prediction.risk[usable]
    middle = np.argsort(np.abs(incidence[usable] - 0.5), kind="stable")[0]  # where least is lost to rounding
    slope, off = 1.0, risk - risk.mean()
    if np.abs(off).max() > _ROUNDING * max(1.0, float(np.abs(risk).max())):
        slope = float((off * (score - score.mean())).sum() / (off * off).sum())
        slope = 1.0 if abs(slope - 1.0) < _ROUNDING else slope
    intercept = float(score[middle] - slope * risk[middle])
    if np.abs(score - intercept - slope * risk).max() > 1e-6 * max(1.0, float(np.abs(score).max())):
        return "its hazards are not proportional"
    return (intercept, slope, day) if slope > 0 else "its survival does not fall with its risk"


def _axis(column: str, unit: str, weight: float, values: Floats) -> Axis:
    is_flag = set(np.unique(values).tolist()) <= {0.0, 1.0}
    if is_flag:
        return Axis(column, unit, (0.0, 1.0), weight, True)
    low, high = np.quantile(values, [_FAR, 1 - _FAR]).tolist()
    if not high > low:
        low, high = float(values.min()), float(values.max())
    if not high - low > 1 / _ABSURD:
        low, high = low - 0.5, high + 0.5
    return Axis(column, unit, round_ticks(low, high), weight, False)


def round_ticks(low: float, high: float) -> tuple[float, ...]:
    """About five round values that reach from below `low` to above `high`.

    >>> round_ticks(41.3, 78.8)
    (40.0, 50.0, 60.0, 70.0, 80.0)
    """
    raw = (high - low) / _TICKS
    power = math.floor(math.log10(raw))
    step = next(one for one in (1, 2, 5, 10) if one * 10.0**power >= raw * (1 - 1e-9))
    up, down = (
        (step * 10**power, 1) if power >= 0 else (step, 10**-power)
    )  # 10 to a power below 0 is no float: it divides
    first, last = math.floor(low * down / up), math.ceil(high * down / up)
    return tuple(k * up / down for k in range(first, last + 1))


def _whole(points: float) -> int:
    return math.floor(points + 0.5)


def _inverse_logit(score: float) -> float:
    return 1 / (1 + math.exp(-score)) if score >= 0 else math.exp(score) / (1 + math.exp(score))
