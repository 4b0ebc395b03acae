"""Calculation: how one image is made of several volumes of an acquisition. A source of the catalog names one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveFloat, model_validator

from features.core.frozen import Frozen
from features.core.kinds.registry import Kind, Registry
from features.core.quarantine import Rejected

Told = Sequence[float]  # of each volume: its b-value in s/mm², or its time in s; NaN if nothing tells it
NEAR_S = 30.0  # from a time that is asked for to the begin of the phase that is taken
MOST_PARTS = 1000  # volumes of one acquisition
Seconds = Annotated[float, Field(ge=-86400, le=86400)]


class Calculation(Kind):
    """Makes one image of the volumes of an acquisition, all on one grid. Frozen settings; the same volumes give the same image.

    parts: what the volumes are: those of b-values, or the phases of a dynamic series. gives: the unit of the image; empty:
    that of its volumes.
    """

    parts: ClassVar[Literal["b_values", "phases"]]
    gives: ClassVar[str] = ""

    @property
    @abstractmethod
    def declared(self) -> tuple[float, ...] | None:
        """What the catalog says of each volume of a file that does not tell it, in the order of the file."""

    @property
    def clock(self) -> Literal["first", "injection"]:
        """What the times of phases count from."""
        return "first"

    @abstractmethod
    def choose(self, told: Told) -> tuple[int, ...]:
        """The volumes that are needed, by their places in `told`. Raises Rejected(CALCULATION) if it cannot be made of these."""

    @abstractmethod
    def combine(self, told: Told, volumes: Iterable[NDArray[np.generic]]) -> NDArray[np.float32]:
        """The image (z, y, x), NaN where it is undefined, of the chosen volumes and what is told of each."""


class Phase(Frozen):
    """One phase of a dynamic series: by its number, or the one nearest to a time."""

    number: NonNegativeInt | None = Field(None, description="number of the phase, counted from 0, in the order of time")
    at_s: Seconds | None = Field(None, description="the phase that began nearest to so many seconds")
    within_s: PositiveFloat = Field(
        NEAR_S, description="how far from `at_s` it may have begun; else the case is rejected"
    )

    @staticmethod
    def check(number: int | None, at_s: float | None, within_s: float) -> None:
        """Raises ValueError unless a phase is told in one way."""
        if (number is None) == (at_s is None):
            raise ValueError("give either number, counted from 0, or at_s, in seconds")
        if number is not None and within_s != NEAR_S:
            raise ValueError("within_s goes with at_s")

    @model_validator(mode="after")
    def check_one(self) -> Phase:
        self.check(self.number, self.at_s, self.within_s)
        return self

    def place(self, told: Told) -> int:
        """Its place among phases in the order of time. Raises Rejected(CALCULATION): no such phase, or none near enough."""
        if self.number is not None:
            if self.number >= len(told):
                raise Rejected(
                    "CALCULATION", "there are fewer phases than the catalog wants", phases=len(told), number=self.number
                )
            return self.number
        assert self.at_s is not None
        if not told or not np.isfinite(told).all():
            raise Rejected("CALCULATION", "the phases do not tell their times; name one by number", phases=len(told))
        away = np.abs(np.array(told) - self.at_s)
        nearest = int(away.argmin())
        if away[nearest] > self.within_s:
            raise Rejected(
                "CALCULATION",
                "no phase began near enough to the time that the catalog wants",
                at_s=self.at_s,
                nearest_s=round(told[nearest], 3),
                within_s=self.within_s,
            )
        return nearest


class OfPhases(Calculation):
    """A calculation of the phases of a dynamic series, in the order of time."""

    parts: ClassVar[Literal["b_values", "phases"]] = "phases"

    after: Literal["first", "injection"] = Field(
        "first",
        description="what seconds count from: the begin of the `first` phase, or of the `injection` of contrast agent",
    )
    times_s: tuple[Seconds, ...] | None = Field(
        None,
        min_length=2,
        max_length=MOST_PARTS,
        description="when each phase began, ascending, in seconds; for files that do not tell it, as NIfTI",
    )

    @model_validator(mode="after")
    def check_times(self) -> OfPhases:
        if self.times_s and any(b <= a for a, b in zip(self.times_s, self.times_s[1:], strict=False)):
            raise ValueError("times_s must ascend: one for each phase")
        return self

    @property
    def declared(self) -> tuple[float, ...] | None:
        return self.times_s

    @property
    def clock(self) -> Literal["first", "injection"]:
        return self.after


CALCULATIONS: Registry[Calculation] = Registry(Calculation, "features.images.calculations")
