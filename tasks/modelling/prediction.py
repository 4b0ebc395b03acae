"""Prediction: what a fitted model says of cases, whatever the model and the endpoint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Of n cases.

    risk: (n,) an order of the cases, higher is likelier positive, an earlier event, a higher rank or value; None of classes and
    of labels. probability: (n, classes) or (n, labels), None where the model gives none. value: (n,) of a number.
    """

    risk: Floats | None = None
    probability: Floats | None = None
    value: Floats | None = None

    def __len__(self) -> int:
        given = next(part for part in (self.risk, self.probability, self.value) if part is not None)
        return len(given)

    def take(self, rows: NDArray[np.intp]) -> Prediction:
        """The prediction of some of these cases, by position."""
        return Prediction(*(None if p is None else p[rows] for p in (self.risk, self.probability, self.value)))

    @property
    def level(self) -> NDArray[np.intp]:
        """The predicted rank of each case, (n,): the first at which half of the probability is reached."""
        assert self.probability is not None
        return np.asarray((self.probability.cumsum(axis=1) < 0.5 - 1e-12).sum(axis=1), dtype=np.intp)
