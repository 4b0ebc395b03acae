"""overall_survival: the time to death of any cause."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.clinical.follow_up import Cause, Event, FollowUp


class OverallSurvival(FollowUp):
    """Days to death of any cause, and a flag of death. Who did not die is censored at the last contact."""

    title: ClassVar[str] = "overall survival"

    kind: Literal["overall_survival"] = "overall_survival"
    death: Event = Field(description="death of any cause: the variable of its day, `{days, flag}` or `{time, event}`")

    def causes(self) -> tuple[Cause, ...]:
        return (Cause("death", self.death, is_fatal=True),)
