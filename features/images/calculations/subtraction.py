"""subtraction: what a later phase of a dynamic series has more than an earlier one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.calculation import OfPhases, Phase, Told
from features.core.quarantine import Rejected


class Subtraction(OfPhases):
    """One phase of a dynamic series minus another, voxel by voxel: the enhancement by contrast agent."""

    kind: Literal["subtraction"] = "subtraction"
    of: Phase = Field(description="the phase that the other is subtracted from")
    minus: Phase = Field(Phase(number=0), description="the phase that is subtracted; without it the first")

    def choose(self, told: Told) -> tuple[int, ...]:
        of, minus = self.of.place(told), self.minus.place(told)
        if of == minus:
            raise Rejected(
                "CALCULATION", "both phases of the subtraction are the same one", phases=len(told), number=of
            )
        return of, minus

    def combine(self, told: Told, volumes: Iterable[NDArray[np.generic]]) -> NDArray[np.float32]:  # noqa: ARG002
        of, minus = volumes
        return (of.astype(np.float64) - minus.astype(np.float64)).astype(np.float32)
