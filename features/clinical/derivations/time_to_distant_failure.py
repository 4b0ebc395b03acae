"""time_to_distant_failure: the time to the first distant metastasis, with death as a competing cause."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.clinical.follow_up import Cause, Event, Events, WithCause


class TimeToDistantFailure(WithCause):
    """Days to distant failure, a flag of it, and the cause. Death competes, and locoregional failure where it is named.

    A competing cause that comes first ends follow-up: the flag is false, and the column of causes tells which it was.
    """

    title: ClassVar[str] = "time to distant failure"

    kind: Literal["time_to_distant_failure"] = "time_to_distant_failure"
    distant: Events = Field(
        description="distant failure: the variable of its day, `{days, flag}`, `{time, event}`, or a list of them"
    )
    death: Event = Field(description="death of any cause: the variable of its day, `{days, flag}` or `{time, event}`")
    locoregional: Events = Field((), description="locoregional failure, if it ends follow-up; left out: it does not")

    def causes(self) -> tuple[Cause, ...]:
        return (
            *(Cause("distant", one) for one in self.distant),
            *(Cause("locoregional", one, counts=False) for one in self.locoregional),
            Cause("death", self.death, counts=False, is_fatal=True),
        )
