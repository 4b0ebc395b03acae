"""locoregional_control: the time to local or regional failure, with death as a competing cause."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.clinical.follow_up import Cause, Event, Events, WithCause


class LocoregionalControl(WithCause):
    """Days to local or regional failure, a flag of it, and the cause. Death competes, and distant failure where it is named.

    A competing cause that comes first ends follow-up: the flag is false, and the column of causes tells which it was.
    """

    title: ClassVar[str] = "locoregional control"

    kind: Literal["locoregional_control"] = "locoregional_control"
    locoregional: Events = Field(
        description="local and regional failure: the variable of its day, `{days, flag}`, `{time, event}`, or a list of them"
    )
    death: Event = Field(description="death of any cause: the variable of its day, `{days, flag}` or `{time, event}`")
    distant: Events = Field((), description="distant failure, if it ends follow-up; left out: it does not")

    def causes(self) -> tuple[Cause, ...]:
        return (
            *(Cause("locoregional", one) for one in self.locoregional),
            *(Cause("distant", one, counts=False) for one in self.distant),
            Cause("death", self.death, counts=False, is_fatal=True),
        )
