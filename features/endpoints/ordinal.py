"""One of several levels in their order."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.core.kinds.endpoint import Classes, Need, Predicted
from features.core.outcome import Outcome


class Ordinal(Classes):
    """A grade or stage: `column` is an ordinal, its levels are declared from the lowest to the highest."""

    kind: Literal["ordinal"] = "ordinal"
    title: ClassVar[str] = "Ranks"
    predicted: ClassVar[Predicted] = "ranks"
    metrics: ClassVar[tuple[str, ...]] = ("quadratic_kappa", "rank_c")
    further_metrics: ClassVar[tuple[str, ...]] = ("balanced_accuracy", "mae", "brier", "scaled_brier")
    alone: ClassVar[str] = "rank_c"
    figures: ClassVar[tuple[str, ...]] = ("confusion",)
    counted_as: ClassVar[str] = "Smallest rank"
    spread_by: ClassVar[str] = "rank"

    column: str = Field(description="outcome of type ordinal")

    def needs(self) -> tuple[Need, ...]:
        return (Need("column", self.column, "ordinal"),)

    def contrasts(self, outcome: Outcome) -> tuple[Outcome, ...]:
        return (Outcome.of_value(outcome.code.astype(float)),)
