"""phase: one phase of a dynamic series."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveFloat, model_validator

from features.core.kinds import calculation
from features.core.kinds.calculation import OfPhases, Seconds, Told


class Phase(OfPhases):
    """The phase of a dynamic series with a number, or the one that began nearest to a time."""

    kind: Literal["phase"] = "phase"
    number: NonNegativeInt | None = Field(None, description="number of the phase, counted from 0, in the order of time")
    at_s: Seconds | None = Field(None, description="the phase that began nearest to so many seconds")
    within_s: PositiveFloat = Field(
        30.0, description="how far from `at_s` it may have begun; else the case is rejected"
    )

    @property
    def chosen(self) -> calculation.Phase:
        """The phase that is meant."""
        given = {name for name in ("number", "at_s", "within_s") if name in self.model_fields_set}
        return calculation.Phase(**{name: getattr(self, name) for name in given})

    @model_validator(mode="after")
    def check_phase(self) -> Phase:
        if (self.number is None) == (self.at_s is None):
            raise ValueError("give either number, counted from 0, or at_s, in seconds")
        if self.number is not None and "within_s" in self.model_fields_set:
            raise ValueError("within_s goes with at_s")
        return self

    def choose(self, told: Told) -> tuple[int, ...]:
        return (self.chosen.place(told),)

    def combine(self, told: Told, volumes: Iterable[NDArray[np.generic]]) -> NDArray[np.float32]:  # noqa: ARG002
        (volume,) = volumes
        return volume.astype(np.float32)
