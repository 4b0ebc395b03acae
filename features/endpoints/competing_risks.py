"""Time to the first of several events, one of which is of interest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.endpoint import Need, Timed, counts_in_words
from features.core.outcome import Bools, Outcome

if TYPE_CHECKING:
    import pandas as pd


class CompetingRisks(Timed):
    """Time to the first of several events: `time` in days, `cause` a category whose levels say what was seen.

    Code 1 is the cause of interest, 0 censored, the others follow as they are declared. Risks of most models are of the
    cause-specific hazard of the cause of interest: the other causes count as censored while fitting. Fine-Gray, cause-specific
    Cox and discrete-time models know them. When scored, they count as never having the event.
    """

    kind: Literal["competing_risks"] = "competing_risks"
    title: ClassVar[str] = "Competing risks"
    metrics: ClassVar[tuple[str, ...]] = ("cause_c",)
    further_metrics: ClassVar[tuple[str, ...]] = (
        *("time_auc", "brier_at_horizon", "scaled_brier_at_horizon", "integrated_brier", "observed_expected"),
        *("intercept_at_horizon", "slope_at_horizon", "hazard_ratio", "rmtl_difference"),
    )
    figures: ClassVar[tuple[str, ...]] = ("cumulative_incidence",)
    of_each: ClassVar[str] = "events of interest"
    counted_as: ClassVar[str] = "Events of interest"
    competes: ClassVar[bool] = True
    spread_by: ClassVar[str] = "cause (censored, of interest, competing)"

    cause: str = Field(description="outcome of type category: what was seen at that time")
    censored: str = Field(description="level of `cause` that means that nothing was seen")
    of_interest: str = Field(description="level of `cause` that is predicted; the others compete with it")

    @property
    def seen(self) -> str:
        return self.cause

    def needs(self) -> tuple[Need, ...]:
        return Need("time", self.time, "number", "days"), Need("cause", self.cause, "category")

    def unknown_levels(self, levels: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str, tuple[str, ...]]]:
        allowed = levels[self.cause]
        named = {"censored": self.censored, "of_interest": self.of_interest}
        unknown = [(key, level, allowed) for key, level in named.items() if level not in allowed]
        if not unknown and self.censored == self.of_interest:
            others = tuple(level for level in allowed if level != self.censored)
            return [("of_interest", self.of_interest, others)]
        return unknown

    def outcome(self, table: pd.DataFrame, levels: Mapping[str, tuple[str, ...]]) -> Outcome:
        first = (self.censored, self.of_interest)
        order = (*first, *(level for level in levels[self.cause] if level not in first))
        code = np.array([order.index(level) for level in table[self.cause]], np.intp)
        return Outcome(code, days=table[self.time].to_numpy(float), levels=order)

    def needed(self, outcome: Outcome) -> tuple[Bools, ...]:
        return (outcome.code == 1,)

    def strata(self, outcome: Outcome) -> NDArray[np.intp]:
        return np.minimum(outcome.code, 2)  # censored, of interest, competing

    def contrasts(self, outcome: Outcome) -> tuple[Outcome, ...]:
        assert outcome.days is not None
        return (Outcome.of_days(outcome.code == 1, outcome.days),)

    def counted(self, outcome: Outcome) -> str:
        return counts_in_words(outcome.levels, [int((outcome.code == i).sum()) for i in range(len(outcome.levels))])

    @property
    def nothing_seen(self) -> bool | str:
        return self.censored

    def treatment(self) -> str:
        return (
            f"The event of interest is {self.of_interest}. Risks are of its cause-specific hazard, for which the other events "
            "count as censored while fitting, but for Fine-Gray, cause-specific Cox and discrete-time models, which are fitted to "
            "all events. When scored, whoever had another event never has that of interest."
        )
