"""Time to an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from features.core.kinds.endpoint import Need, Timed
from features.core.outcome import Bools, Outcome

if TYPE_CHECKING:
    import pandas as pd


class Survival(Timed):
    """Time to event: `time` in days from baseline, `event` a flag that is true where the event was seen."""

    kind: Literal["survival"] = "survival"
    title: ClassVar[str] = "Time to event"
    metrics: ClassVar[tuple[str, ...]] = ("harrell_c", "uno_c")
    further_metrics: ClassVar[tuple[str, ...]] = (
        *("time_auc", "brier_at_horizon", "scaled_brier_at_horizon", "integrated_brier", "observed_expected"),
        *("intercept_at_horizon", "slope_at_horizon", "hazard_ratio", "rmst_difference"),
    )
    figures: ClassVar[tuple[str, ...]] = ("kaplan_meier",)

    event: str = Field(description="outcome of type flag, true where the event was seen")

    @property
    def seen(self) -> str:
        return self.event

    def needs(self) -> tuple[Need, ...]:
        return Need("time", self.time, "number", "days"), Need("event", self.event, "flag")

    def outcome(self, table: pd.DataFrame, levels: Mapping[str, tuple[str, ...]]) -> Outcome:  # noqa: ARG002
        return Outcome.of_days(table[self.event].to_numpy(bool), table[self.time].to_numpy(float))

    def needed(self, outcome: Outcome) -> tuple[Bools, ...]:
        return (outcome.flag,)

    def counted(self, outcome: Outcome) -> str:
        events = int(np.count_nonzero(outcome.flag))
        return f"{events} with and {len(outcome) - events} without the event"

    @property
    def nothing_seen(self) -> bool | str:
        return False
