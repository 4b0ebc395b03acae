"""FollowUp: what derivations of times to an event share. The first event counts; without one, the time is censored."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from features.core.catalog.table_source import Variable, Word
from features.core.frozen import Frozen
from features.core.kinds.derivation import Derivation, Input, NotDerived, Value
from features.core.quarantine import Rejected

HALF_DAY = 0.5
CENSORED = "censored"


class EventDay(Frozen):
    """An event by its day and perhaps a flag, or by a time with the flag that a survival endpoint has.

    A day alone says that the event was seen. A time is that of the event, or until the event was last looked for.
    """

    days: Word | None = Field(None, description="variable: days from baseline to the event")
    flag: Word | None = Field(None, description="variable of type flag: whether the event was seen, beside `days`")
    time: Word | None = Field(None, description="variable: days to the event, or until it was last looked for")
    event: Word | None = Field(None, description="variable of type flag: whether the event was seen, beside `time`")

    @model_validator(mode="after")
    def check_form(self) -> EventDay:
        given = {name for name in ("days", "flag", "time", "event") if getattr(self, name)}
        if given not in ({"days"}, {"days", "flag"}, {"time", "event"}):
            raise ValueError("an event is given by days, by days and flag, or by time and event")
        return self

    @property
    def day(self) -> str:
        """The variable of its day."""
        return self.days or self.time or ""

    @property
    def state(self) -> str | None:
        """The variable that says whether it was seen."""
        return self.flag or self.event


def _event_day(value: Any) -> Any:
    return {"days": value} if isinstance(value, str) else value


def _several(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


Event = Annotated[EventDay, BeforeValidator(_event_day, json_schema_input_type=str | EventDay)]
Events = Annotated[
    tuple[Event, ...], BeforeValidator(_several, json_schema_input_type=str | EventDay | tuple[str | EventDay, ...])
]
Ties = Literal["reject", "first_named"]


@dataclass(frozen=True, slots=True)
class Cause:
    """One way in which follow-up ends. counts: it is the event; else it competes with it. is_fatal: nothing comes after."""

    name: str
    event: EventDay
    counts: bool = True
    is_fatal: bool = False


class FollowUp(Derivation):
    """Time to the first of some events: days, a flag of the event, and the cause where causes compete.

    Impossible days are rejected: before the start, after death, an event or visit after the last contact (TAB_ORDER), a time
    of zero (TAB_TIME), a flag that its day contradicts (TAB_EVENT), two causes on one day (TAB_TIES). Death may come after the
    last contact: registers know of it later.
    """

    title: ClassVar[str]
    has_cause: ClassVar[bool] = False  # whether it tells which cause came first

    last_contact: Word | None = Field(
        None, description="variable: days from baseline to the last day on which the patient is known to be alive"
    )
    last_visit: Word | None = Field(
        None, description="variable: days to the last visit at which the events were looked for"
    )
    start: Word | None = Field(
        None, description="variable: day from which the time counts; without it, baseline, day 0"
    )
    zero: Literal["reject", "half_day"] = Field(
        "reject", description="what a time of 0 days means: a fault of the patient's days, or half a day"
    )

    @model_validator(mode="after")
    def check_end(self) -> FollowUp:
        if not (self.last_contact or self.last_visit or any(cause.event.time for cause in self.causes())):
            raise ValueError("without last_contact no time is known of patients without event")
        return self

    @abstractmethod
    def causes(self) -> tuple[Cause, ...]:
        """All causes that end follow-up, in the order in which they are named."""

    @property
    def censors_at_visit(self) -> bool:
        """Whether a patient without event is censored at the last visit, where it is known, and not at the last contact."""
        return False

    @property
    def first_named_wins(self) -> bool:
        """Whether of two causes on one day that counts which is named first."""
        return False

    def inputs(self) -> tuple[Input, ...]:
        days = [self.last_contact, self.last_visit, *(cause.event.day for cause in self.causes())]
        states = [cause.event.state for cause in self.causes()]
        found = {name: Input(name, unit="days") for name in days if name}
        found |= {name: Input(name, ("flag",)) for name in states if name}
        if self.start:
            found.setdefault(self.start, Input(self.start, unit="days", is_early=True))
        return tuple(found.values())

    def gives(self, variables: Mapping[str, Variable]) -> dict[str, Variable]:  # noqa: ARG002
        what = self.description or self.title
        given = {
            "days": Variable(
                type="number", role="outcome", unit="days", description=f"{what}: days to the event, or until last seen"
            ),
            "event": Variable(type="flag", role="outcome", description=f"{what}: the event was seen"),
        }
        if self.has_cause:
            names = dict.fromkeys(cause.name for cause in self.causes())
            given["cause"] = Variable(
                type="category", role="outcome", levels=(CENSORED, *names), description=f"{what}: what came first"
            )
        return given

    def derive(self, values: Mapping[str, Value]) -> dict[str, Value] | NotDerived:
        start = _day(values, self.start) if self.start else 0.0
        if start is None:
            return NotDerived.NO_START
        seen: list[tuple[float, Cause]] = []
        until: list[tuple[float, Cause]] = []  # events that were not seen, and until when they were looked for
        for cause in self.causes():
            day, state = _day(values, cause.event.day), cause.event.state
            was_seen = day is not None if state is None else values[state]
            if was_seen is None:
                return NotDerived.EVENT_UNKNOWN
            if was_seen and day is None:
                return NotDerived.DAY_UNKNOWN
            if day is not None and not was_seen and cause.event.flag:
                raise Rejected("TAB_EVENT", f"{cause.event.day} is given where {state} says that there was no event")
            if day is not None:
                (seen if was_seen else until).append((day, cause))
        contact, visit = _day(values, self.last_contact), _day(values, self.last_visit)
        if contact is None:
            contact = min((day for day, cause in until if cause.is_fatal), default=None)
        self._check_order(start, seen, until, contact, visit)
        first: Cause | None = None
        end = visit if visit is not None and (self.censors_at_visit or contact is None) else contact
        looked_for = [day for day, cause in until if cause.counts]
        end = min(looked_for if end is None else [end, *looked_for], default=None)
        if seen:
            end = min(day for day, _ in seen)
            first = self._first([cause for day, cause in seen if day == end])
        if end is None:
            return NotDerived.NO_FOLLOW_UP
        days = end - start
        if days == 0:
            if self.zero == "reject":
                raise Rejected("TAB_TIME", "the time is zero: follow-up ends on the day on which it starts")
            days = HALF_DAY
        found: dict[str, Value] = {"days": days, "event": first is not None and first.counts}
        return {**found, "cause": first.name if first else CENSORED} if self.has_cause else found

    def _check_order(
        self,
        start: float,
        seen: Sequence[tuple[float, Cause]],
        until: Sequence[tuple[float, Cause]],
        contact: float | None,
        visit: float | None,
    ) -> None:
        alive = self.last_contact or "the last contact"
        days = [(day, cause.event.day, cause.is_fatal) for day, cause in seen]
        days += [(day, cause.event.day, False) for day, cause in until]
        last = ((contact, alive), (visit, str(self.last_visit)))
        days += [(day, name, False) for day, name in last if day is not None]
        death = min(((day, name) for day, name, is_fatal in days if is_fatal), default=None)
        for day, name, is_fatal in days:
            if day < start:
                raise Rejected("TAB_ORDER", f"{name} is before {self.start or 'baseline'}")
            if death and day > death[0]:
                raise Rejected("TAB_ORDER", f"{name} is after {death[1]}")
            if contact is not None and day > contact and not is_fatal:
                raise Rejected("TAB_ORDER", f"{name} is after {alive}")

    def _first(self, causes: list[Cause]) -> Cause:
        """The cause of those on the first day. They have to be one where the cause is told, or where one of them competes."""
        matters = self.has_cause or len({cause.counts for cause in causes}) > 1
        if matters and not self.first_named_wins and len({cause.name for cause in causes}) > 1:
            names = " and ".join(dict.fromkeys(cause.name for cause in causes))
            raise Rejected("TAB_TIES", f"{names} are on one day")
        return causes[0]


class SoughtAtVisits(FollowUp):
    """Events that are looked for at visits, such as progression, and death, which is known of at any contact."""

    death: Event = Field(description="death of any cause: the variable of its day, `{days, flag}` or `{time, event}`")
    censored_at: Literal["last_visit", "last_contact"] = Field(
        "last_visit", description="where a patient without event is censored; without a last visit, at the last contact"
    )

    @property
    def censors_at_visit(self) -> bool:
        return self.censored_at == "last_visit"


class WithCause(FollowUp):
    """Times of which the cause is told, too: one that competes ends follow-up without the event."""

    has_cause: ClassVar[bool] = True

    ties: Ties = Field(
        "reject",
        description="two causes on one day: reject the patient's time, or let the cause count that is named first",
    )

    @property
    def first_named_wins(self) -> bool:
        return self.ties == "first_named"


def _day(values: Mapping[str, Value], variable: str | None) -> float | None:
    value = values[variable] if variable else None
    return float(value) if isinstance(value, int | float) else None
