"""A response of yes or no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.endpoint import Endpoint, Need
from features.core.outcome import Bools, Outcome

if TYPE_CHECKING:
    import pandas as pd


class Binary(Endpoint):
    """A response of yes or no: `column` holds a flag."""

    kind: Literal["binary"] = "binary"
    title: ClassVar[str] = "Yes or no"
    metrics: ClassVar[tuple[str, ...]] = ("auc",)
    further_metrics: ClassVar[tuple[str, ...]] = (
        *("auprc", "balanced_accuracy", "sensitivity", "specificity", "net_benefit"),
        *("brier", "scaled_brier", "calibration_intercept", "calibration_slope"),
    )
    figures: ClassVar[tuple[str, ...]] = ("roc",)
    of_each: ClassVar[str] = "of either class"
    has_events: ClassVar[bool] = True
    counted_as: ClassVar[str] = "Positive"

    column: str = Field(description="outcome of type flag")

    def needs(self) -> tuple[Need, ...]:
        return (Need("column", self.column, "flag"),)

    def outcome(self, table: pd.DataFrame, levels: Mapping[str, tuple[str, ...]]) -> Outcome:  # noqa: ARG002
        return Outcome.of_flag(table[self.column].to_numpy(bool))

    def needed(self, outcome: Outcome) -> tuple[Bools, ...]:
        return outcome.flag, ~outcome.flag

    def target(self, outcome: Outcome) -> NDArray[Any]:
        return outcome.flag

    def counted(self, outcome: Outcome) -> str:
        positive = int(np.count_nonzero(outcome.flag))
        return f"{positive} with and {len(outcome) - positive} without the event"
