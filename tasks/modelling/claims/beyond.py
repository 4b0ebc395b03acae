"""A score is beyond a value."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from pydantic import Field

from tasks.modelling.claims.claim import AnySide, Claim, Side


class Beyond(Claim):
    """A combination scores better than a value, such as 0.5, the AUC of chance."""

    kind: Literal["beyond"] = "beyond"
    needs_pair: ClassVar[bool] = False
    of: AnySide = Field(description="combination whose score is claimed")
    value: float = Field(description="what it is said to be better than, in the unit of the metric")

    def sides(self) -> tuple[Side, ...]:
        return (self.of,)

    def range(self, higher_is_better: bool) -> tuple[float, float]:
        return (self.value, math.inf) if higher_is_better else (-math.inf, self.value)
