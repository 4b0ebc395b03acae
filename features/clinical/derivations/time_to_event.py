"""time_to_event: the time to the first of any events, with causes that compete."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from features.clinical.follow_up import CENSORED, Cause, Event, WithCause
from features.core.catalog.table_source import Word
from features.core.frozen import Frozen


class NamedEvent(Frozen):
    """An event that is the cause of an end of follow-up. Several may share a cause."""

    cause: Word = Field(description="what the cause is called in the column of causes")
    at: Event = Field(description="the variable of its day, `{days, flag}`, or `{time, event}`")
    fatal: bool = Field(False, description="true: nothing comes after it, and it may come after the last contact")


class TimeToEvent(WithCause):
    """Days to the first of `events`, a flag of it, and the cause. A competing cause that comes first ends follow-up.

    The flag is false then, as for a censored patient, which gives cause-specific hazards; the column of causes is what an
    endpoint of competing risks reads.
    """

    title: ClassVar[str] = "time to event"

    kind: Literal["time_to_event"] = "time_to_event"
    events: tuple[NamedEvent, ...] = Field(min_length=1, description="events that count")
    competing: tuple[NamedEvent, ...] = Field((), description="events that make those impossible or other ones")
    censored_at: Literal["last_visit", "last_contact"] = Field(
        "last_contact",
        description="where a patient without event is censored; without a last visit, at the last contact",
    )

    @model_validator(mode="after")
    def check_causes(self) -> TimeToEvent:
        names = {event.cause for event in self.events}, {event.cause for event in self.competing}
        if names[0] & names[1]:
            raise ValueError(f'the cause "{min(names[0] & names[1])}" either counts or competes')
        if CENSORED in names[0] | names[1]:
            raise ValueError(f'"{CENSORED}" is what patients without event are called, and no cause')
        if self.censored_at == "last_visit" and not self.last_visit:
            raise ValueError("censored_at: last_visit needs the key last_visit")
        return self

    @property
    def censors_at_visit(self) -> bool:
        return self.censored_at == "last_visit"

    def causes(self) -> tuple[Cause, ...]:
        return (
            *(Cause(one.cause, one.at, True, one.fatal) for one in self.events),
            *(Cause(one.cause, one.at, False, one.fatal) for one in self.competing),
        )
