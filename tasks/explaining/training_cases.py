"""TrainingCases: the cases that trained a model, and which of them its network takes for most like another case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.design import Design
from features.core.outcome import Outcome
from features.deep.explaining.nearest import Neighbours, Space
from tasks.modelling.evaluation.final import Final


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
        self._spaces: dict[object, Space] = {}

    def nearest(
        self, case: str, group: str, network: str, names: Sequence[str], features: NDArray[np.float64], count: int
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
        return self._told(case, network, found)

    def nearest_shown(
        self, case: str, group: str, final: Final, word: str, features: NDArray[np.float64], count: int
    ) -> list[Neighbour]:
        """In the space of what the networks of a model make of images."""
        from tasks.explaining.image_model import features_shown

        if word not in self._spaces:
            self._spaces[word] = Space(
                features_shown(final, next(iter(self._design.images.values()))), self._design.groups
            )
        return self._told(case, word, self._spaces[word].nearest(features, group, count))

    def _told(self, case: str, network: str, found: Neighbours) -> list[Neighbour]:
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
