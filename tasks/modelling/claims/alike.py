"""Two combinations are alike."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.modelling.claims.claim import AnySide, Claim, Side


class Alike(Claim):
    """Two combinations differ by less than a margin on the same cases: equivalence, which a wide interval does not show.

    Schuirmann, J Pharmacokinet Biopharm 1987;15:657, with the 95 % interval in the place of the 90 % one.
    """

    kind: Literal["alike"] = "alike"
    first: AnySide = Field(description="one of the combinations")
    second: AnySide = Field(description="the other one")
    within: float = Field(gt=0, description="difference below which they count as alike, in the unit of the metric")

    def sides(self) -> tuple[Side, ...]:
        return self.first, self.second

    def range(self, higher_is_better: bool) -> tuple[float, float]:  # noqa: ARG002 (both ways alike)
        return -self.within, self.within
