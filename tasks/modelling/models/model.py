"""Model: what is fitted and predicts. It has a few candidate settings, of which inner folds choose."""

from __future__ import annotations

from abc import abstractmethod
from itertools import product
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from features.core.kinds.endpoint import Predicted
from features.core.kinds.registry import Kind, Registry

Floats = NDArray[np.float64]


def features_kept(*k: int) -> Any:
    """The field `k` of a model with these candidates."""
    what = "how many columns the screening keeps; inner folds choose among these"
    return Field(k, min_length=1, title="Features (k)", description=what)


class Model(Kind):
    """What is fitted at the end of a pipeline. Fields are tuples of candidates; inner folds choose among them.

    endpoints: kinds that it can predict. k: how many columns the screening keeps. Candidates stand from simple to complex: a
    tie takes the first.
    """

    endpoints: ClassVar[frozenset[str]]
    events_per_feature: ClassVar[int] = 0  # > 0: screening keeps at most one column per so many training events

    k: tuple[PositiveInt, ...] = features_kept(10, 30)

    @abstractmethod
    def estimator(self, seed: int, predicted: Predicted) -> Any:
        """The unfitted final estimator (scikit-learn API) with its first candidate settings.

        predicted: what the endpoint asks for.
        """

    @abstractmethod
    def settings(self) -> dict[str, list[Any]]:
        """Candidates of the estimator's own parameters, by their names in the estimator."""

    @abstractmethod
    def weights(self, estimator: Any) -> Floats:
        """One weight per column of the fitted estimator, (p,): coefficient or importance; NaN where there is none.

        A weight of 0 says that the column was not chosen.
        """

    def grid(self) -> dict[str, list[Any]]:
        """All candidates: `k` for the screening, the other keys for the estimator."""
        return {"k": list(self.k), **self.settings()}

    def candidates(self, columns: int, events: int) -> list[dict[str, Any]]:
        """The grid as a list, with k cut to what `columns` and `events` of the training rows allow, without doubles."""
        sizes = sorted({min(k, columns, self.most_features(events)) for k in self.k})
        grid = {**self.grid(), "k": sizes}
        return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]

    def most_features(self, events: int) -> int:
        """How many features `events` training events allow."""
        return max(1, events // self.events_per_feature) if self.events_per_feature else max(self.k)


MODELS: Registry[Model] = Registry(Model, "tasks.modelling.models")


def models_of(endpoint: str) -> list[str]:
    """Kinds of models that can predict a kind of endpoint."""
    return [kind for kind in MODELS.modules if endpoint in MODELS.load(kind).endpoints]
