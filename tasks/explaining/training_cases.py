"""TrainingCases: the cases that trained a model, and which of them its network takes for most like another case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.core.design import Design
from features.core.outcome import Outcome
from features.deep.explaining.nearest import Space


@dataclass(frozen=True)
class Neighbour:
    """A training case. rank: 1 is the nearest. distance: in standard deviations of a feature over the training cases, root mean
    square. usual: as in Neighbours, of the nearest.
    """

    case: str
    neighbour: str
    network: str
    rank: int
    distance: float
    seen: str
    usual: float


class TrainingCases:
    """The rows of a design that developed a model; rows that it was not fitted on are never looked at."""

    def __init__(self, design: Design) -> None:
        self._design = design.take(np.flatnonzero(design.develops))
        self._spaces: dict[tuple[str, ...], Space] = {}

    def nearest(
        self, case: str, group: str, network: str, names: Sequence[str], features: np.ndarray, count: int
    ) -> list[Neighbour]:
        """In the space of these columns. group: whose case it is: her own rows are no neighbours. Raises ValueError without any."""
        key = tuple(names)
        if key not in self._spaces:
            lacking = [name for name in names if name not in self._design.X.columns]
            if lacking:
                raise ValueError(f"the tables of the training cases have no {lacking[0]} any more")
            own = self._design.X[list(names)].to_numpy(np.float64)
            self._spaces[key] = Space(own, self._design.groups)
        found = self._spaces[key].nearest(features, group, count)
        return [
            Neighbour(case, self._case(row), network, rank, distance, seen_of(self._design.outcome, row), found.usual)
            for rank, (row, distance) in enumerate(
                zip(found.positions.tolist(), found.distances.tolist(), strict=True), start=1
            )
        ]

    def _case(self, row: int) -> str:
        return str(self._design.X.index[row])


def seen_of(outcome: Outcome, row: int) -> str:
    """What was seen of a case, in words.

    >>> seen_of(Outcome.of_days(np.array([True, False]), np.array([30.0, 400.0])), 1)
    'no event by day 400'
    """
    code = outcome.code[row]
    if outcome.value is not None:
        return f"{outcome.value[row]:.6g}"
    if np.ndim(code):
        return ", ".join(word for word, one in zip(outcome.levels, code, strict=True) if one) or "none"
    if outcome.days is not None:
        day = f"day {outcome.days[row]:.0f}"
        cause = outcome.levels[code] if outcome.levels else "event"
        return f"{cause} on {day}" if code else f"no event by {day}"
    return outcome.levels[code] if outcome.levels else ("yes" if code else "no")
