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
        calculation.NEAR_S, description="how far from `at_s` it may have begun; else the case is rejected"
    )

    @property
    def chosen(self) -> calculation.Phase:
        """The phase that is meant."""
        return calculation.Phase(number=self.number, at_s=self.at_s, within_s=self.within_s)

    @model_validator(mode="after")
    def check_phase(self) -> Phase:
        calculation.Phase.check(self.number, self.at_s, self.within_s)
        return self

    def choose(self, told: Told) -> tuple[int, ...]:
        return (self.chosen.place(told),)

    def combine(self, told: Told, volumes: Iterable[NDArray[np.generic]]) -> NDArray[np.float32]:  # noqa: ARG002
        (volume,) = volumes
        return volume.astype(np.float32)
