"""Target: what is learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import Endpoint
from features.core.outcome import Outcome


@dataclass(frozen=True, eq=False)
class Target:
    """The outcome of n training rows, and the endpoint that says what it means."""

    outcome: Outcome
    endpoint: Endpoint

    def __len__(self) -> int:
        return len(self.outcome)

    def take(self, rows: NDArray[np.intp]) -> Target:
        """That of some rows, by position."""
        return Target(self.outcome.take(rows), self.endpoint)

    @property
    def y(self) -> NDArray[Any]:
        """As estimators of scikit-learn and scikit-survival take it."""
        return self.endpoint.target(self.outcome)

    @property
    def scarce(self) -> int:
        """How many cases limit what can be learnt: those of the smallest class, or with an event; else all."""
        return self.endpoint.scarce(self.outcome)

    @property
    def levels(self) -> int:
        """How many classes, ranks or labels there are; 0 where codes only say no and yes."""
        return len(self.outcome.levels)
