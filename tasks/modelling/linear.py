"""Linear: a score that is a constant and a weight of each of some columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.modelling.rows import Columns, Floats


@dataclass(frozen=True)
class Linear:
    """constant + the sum over columns of weight · value. weights: by name of column, of those that have one."""

    constant: float
    weights: Mapping[str, float]


def unscaled(score: Linear, columns: Columns, middle: Floats, spread: Floats) -> Linear:
    """A linear score of (value − middle) / spread of columns, (p,) each, as one of the values."""
    place = {name: i for i, name in enumerate(columns.names.tolist())}
    own = {name: weight / float(spread[place[name]]) for name, weight in score.weights.items()}
    return Linear(score.constant - sum(weight * float(middle[place[name]]) for name, weight in own.items()), own)
