"""One combination is better than another."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from tasks.modelling.claims.claim import AnySide, Claim, Side


class Better(Claim):
    """A combination scores better than another on the same cases, by more than a margin."""

    kind: Literal["better"] = "better"
    better: AnySide = Field(description="combination that is said to be better")
    than: AnySide = Field(description="combination that it is compared with")
    by: float = Field(0.0, ge=0, description="margin by which it is said to be better, in the unit of the metric")

    def sides(self) -> tuple[Side, ...]:
        return self.better, self.than

    def range(self, higher_is_better: bool) -> tuple[float, float]:
        return (self.by, math.inf) if higher_is_better else (-math.inf, -self.by)
