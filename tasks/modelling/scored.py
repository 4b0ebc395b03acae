"""Scored: a predicted fold beside what was seen, as metrics judge it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import Endpoint, Timed
from features.core.outcome import Outcome
from tasks.modelling.censoring import Censoring
from tasks.modelling.decisions.probability import NO_LINE, Line, probability_of
from tasks.modelling.prediction import Prediction

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Scored:
    """A predicted fold. rows: (m,) positions in the design; outcome, prediction: of these; train: of the training cases.

    centres: (m,) names of the centres of the rows; one centre if they are not given. repeat: of cross-validation, 0 of one.
    cut: the risk above which a case counts as positive, or of high risk; line: what makes probabilities of risks; both as the
    training cases taught, NaN where they did not. day: judges follow-up in the place of the usual horizon.
    trained: positions of the training cases in the design, each as often as it trains.
    """

    rows: NDArray[np.intp]
    outcome: Outcome
    prediction: Prediction
    train: Outcome
    endpoint: Endpoint
    centres: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, np.str_))
    repeat: int = 0
    cut: float = np.nan
    line: Line = NO_LINE
    day: float | None = None
    trained: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, np.intp))
    _kept: dict[str, Any] = field(default_factory=dict, init=False)  # not that of another fold, if this is made of one

    def __post_init__(self) -> None:
        if not len(self.centres):
            object.__setattr__(self, "centres", np.full(len(self.rows), ""))
        if len(self.centres) != len(self.rows):
            raise ValueError(f"{len(self.centres)} centres of {len(self.rows)} rows")

    def once(self, key: str, make: Callable[[], T]) -> T:
        """What `make` gives, made once for this fold."""
        if key not in self._kept:
            self._kept[key] = make()
        found: T = self._kept[key]
        return found

    @cached_property
    def centre(self) -> NDArray[np.intp] | None:
        """The centre of each row as a code, (m,); None of one centre: to compare within it is to compare all."""
        if (self.centres == self.centres[:1]).all():
            return None
        return np.unique(self.centres, return_inverse=True)[1].astype(np.intp)

    @property
    def risk(self) -> NDArray[np.float64]:
        """The predicted order of the cases, (m,)."""
        assert self.prediction.risk is not None
        return self.prediction.risk

    @property
    def probability(self) -> NDArray[np.float64]:
        """Predicted probabilities, (m, levels)."""
        assert self.prediction.probability is not None
        return self.prediction.probability

    @cached_property
    def chances(self) -> NDArray[np.float64]:
        """The probability of each class, rank or label, (m, levels); of yes or no that of yes, (m, 1), by the line of the fold."""
        if self.endpoint.predicted == "risk":
            return probability_of(self.line, self.risk)[:, None]
        return self.probability

    @property
    def log_odds(self) -> NDArray[np.float64]:
        """Of yes, by the line of the fold, (m,)."""
        return self.line[0] + self.line[1] * self.risk

    @property
    def seen(self) -> NDArray[np.float64]:
        """What was seen, in the form of `chances`: 1 or 0, (m, levels) or (m, 1)."""
        code = self.outcome.code
        if self.endpoint.predicted == "risk":
            return (code > 0).astype(np.float64)[:, None]
        return (code if code.ndim > 1 else np.eye(len(self.outcome.levels))[code]).astype(np.float64)

    @cached_property
    def decision(self) -> NDArray[np.intp]:
        """The code that each case is held to have, (m,): 1 above the threshold; the likeliest class; the median rank."""
        if self.endpoint.predicted == "risk":
            return np.asarray(self.risk > self.cut, np.intp)
        if self.endpoint.predicted == "ranks":
            return self.prediction.level
        return np.asarray(self.probability.argmax(axis=1), np.intp)

    @cached_property
    def horizon(self) -> float:
        """The day that follow-up is judged at: `day`, the endpoint's horizon, or the median day of the training events of interest.

        NaN without such an event.
        """
        assert isinstance(self.endpoint, Timed)
        if self.day is not None:
            return self.day
        assert self.train.days is not None
        events = self.train.days[self.train.code == 1]
        return self.endpoint.horizon_days or (float(np.median(events)) if len(events) else np.nan)

    def incidence(self, days: NDArray[np.float64]) -> NDArray[np.float64]:
        """The predicted incidence of the event of interest by these days, (m, k)."""
        assert self.prediction.incidence is not None
        return self.prediction.incidence.at(days)[:, 0]

    @cached_property
    def censoring(self) -> Censoring:
        """The censoring of the training cases, up to the horizon of the endpoint."""
        assert isinstance(self.endpoint, Timed)
        return Censoring(self.train, self.endpoint.horizon_days)
