"""One of several classes without an order."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.core.kinds.endpoint import Classes, Need, Predicted
from features.core.outcome import Outcome


class Multiclass(Classes):
    """One of several classes: `column` is a category, its levels are the classes."""

    kind: Literal["multiclass"] = "multiclass"
    title: ClassVar[str] = "Classes"
    predicted: ClassVar[Predicted] = "classes"
    metrics: ClassVar[tuple[str, ...]] = ("macro_auc",)
    further_metrics: ClassVar[tuple[str, ...]] = ("macro_auprc", "balanced_accuracy", "brier", "scaled_brier")
    figures: ClassVar[tuple[str, ...]] = ("confusion",)

    column: str = Field(description="outcome of type category")

    def needs(self) -> tuple[Need, ...]:
        return (Need("column", self.column, "category"),)

    def contrasts(self, outcome: Outcome) -> tuple[Outcome, ...]:
        return tuple(Outcome.of_flag(outcome.code == code) for code in range(len(outcome.levels)))
