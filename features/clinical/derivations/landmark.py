"""landmark: another time-to-event outcome, seen from a later day on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, PositiveFloat

from features.core.catalog.table_source import Variable, Word
from features.core.kinds.derivation import Derivation, Input, NotDerived, Value
from features.core.quarantine import Rejected


class Landmark(Derivation):
    """The time that is left from `day` on, with the same event. Who had it, or was last seen, by that day is left out.

    So a value that becomes known by the landmark may predict without immortal time (Anderson et al., J Clin Oncol 1983;1:710).
    """

    kind: Literal["landmark"] = "landmark"
    time: Word = Field(description="outcome of type number in days, such as `os_days`")
    event: Word = Field(description="outcome of type flag, such as `os_event`")
    cause: Word | None = Field(None, description="outcome of type category: the cause, where causes compete")
    day: PositiveFloat = Field(description="the landmark in days from the day on which the time starts")

    def inputs(self) -> tuple[Input, ...]:
        causes = (Input(self.cause, ("category",)),) if self.cause else ()
        return Input(self.time, unit="days"), Input(self.event, ("flag",)), *causes

    def gives(self, variables: Mapping[str, Variable]) -> dict[str, Variable]:
        what = self.description or f"{self.time} after day {self.day:g}"
        given = {
            "days": Variable(type="number", role="outcome", unit="days", description=f"{what}: days from the landmark"),
            "event": Variable(type="flag", role="outcome", description=f"{what}: the event was seen"),
        }
        if self.cause:
            levels = variables[self.cause].levels
            given["cause"] = Variable(type="category", role="outcome", levels=levels, description=f"{what}: the cause")
        return given

    def derive(self, values: Mapping[str, Value]) -> dict[str, Value] | NotDerived:
        time, event = values[self.time], values[self.event]
        if not isinstance(time, float) or event is None or (self.cause and values[self.cause] is None):
            return NotDerived.NO_VALUE
        if time <= 0:
            raise Rejected("TAB_TIME", f"{self.time} is not above zero")
        if time <= self.day:
            return NotDerived.EVENT_BEFORE if event else NotDerived.ENDED_BEFORE
        found: dict[str, Value] = {"days": time - self.day, "event": event}
        return {**found, "cause": values[self.cause]} if self.cause else found
