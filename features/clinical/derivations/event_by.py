"""event_by: whether the event of a time-to-event outcome was seen by a day, such as death within two years."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, PositiveFloat

from features.clinical.follow_up import CENSORED
from features.core.catalog.table_source import Variable, Word
from features.core.kinds.derivation import Derivation, Input, NotDerived, Value
from features.core.quarantine import Rejected


class EventBy(Derivation):
    """A flag: the event was seen by `day`, that day included. Who was last seen before, without it, is left out.

    Leaving them out bends the share of events where many are last seen early: a survival endpoint keeps them. With `cause`, who
    had a competing event is known not to have had the event, and stays.
    """

    kind: Literal["event_by"] = "event_by"
    time: Word = Field(description="outcome of type number in days, such as `os_days`")
    event: Word = Field(description="outcome of type flag, such as `os_event`")
    cause: Word | None = Field(
        None, description=f"outcome of type category: the cause, where causes compete; {CENSORED}: none was seen"
    )
    day: PositiveFloat = Field(description="days from the day on which the time starts")

    def inputs(self) -> tuple[Input, ...]:
        causes = (Input(self.cause, ("category",)),) if self.cause else ()
        return Input(self.time, unit="days"), Input(self.event, ("flag",)), *causes

    def gives(self, variables: Mapping[str, Variable]) -> dict[str, Variable]:  # noqa: ARG002
        what = self.description or f"{self.event} by day {self.day:g}"
        return {"": Variable(type="flag", role="outcome", description=what)}

    def derive(self, values: Mapping[str, Value]) -> dict[str, Value] | NotDerived:
        time, event, cause = values[self.time], values[self.event], values[self.cause] if self.cause else CENSORED
        if not isinstance(time, float) or event is None or cause is None:
            return NotDerived.NO_VALUE
        if time <= 0:
            raise Rejected("TAB_TIME", f"{self.time} is not above zero")
        if time < self.day and not event and cause == CENSORED:
            return NotDerived.ENDED_EARLY
        return {"": bool(event) and time <= self.day}
