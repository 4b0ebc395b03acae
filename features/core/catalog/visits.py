"""Visits: the time points of a cohort, numbered ones in one word, and where the own days of each patient are told."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    WrapValidator,
    model_validator,
)

from features.core.catalog.row_columns import Timepoints
from features.core.catalog.table_source import TableSource
from features.core.frozen import Frozen
from features.core.kinds.registry import KindError

NUMBER = "#"  # in a code: stands for the number of a numbered time point
BASELINE = "baseline"  # when all is known that does not say otherwise, where there is such a time point
MOST = 500  # visits of a numbered time point
_DIGITS = 3  # to which numbers in codes may be filled with zeros


class Numbered(Frozen):
    """Time points that share a word and are told apart by a number: week1, week2 … or visit1, visit2 …"""

    to: Annotated[int, Field(ge=1, le=MOST)] = Field(description="number of the last one")
    first: NonNegativeInt = Field(1, description="number of the first one")
    every: PositiveInt | None = Field(
        None, description="planned days from one to the next; without it, they have an order and no planned days"
    )
    day: int | None = Field(None, description="planned day of the first one; without it, its number times `every`")

    @model_validator(mode="after")
    def check_numbers(self) -> Numbered:
        if self.to < self.first:
            raise ValueError(f"the last number, {self.to}, is below the first, {self.first}")
        if self.day is not None and self.every is None:
            raise ValueError("day, of the first one, needs every: the days from one to the next")
        return self

    def days(self, word: str) -> dict[str, int | None]:
        """Word with number → planned day, None where none is planned.

        >>> Numbered.model_validate({"to": 3, "every": 7}).days("week")
        {'week1': 7, 'week2': 14, 'week3': 21}
        """
        if self.every is None:
            return {f"{word}{n}": None for n in range(self.first, self.to + 1)}
        start = self.first * self.every if self.day is None else self.day
        return {f"{word}{n}": start + (n - self.first) * self.every for n in range(self.first, self.to + 1)}


def _day_or_numbered(given: Any, read: Any) -> Any:
    if not isinstance(given, dict):
        return given if isinstance(given, Numbered) else read(given)
    try:
        return Numbered.model_validate(given)
    except ValidationError as error:
        raise KindError(Numbered, error) from error


# A planned day; until the cohort is parsed as a whole it may be a Numbered.
PlannedDay = Annotated[int, WrapValidator(_day_or_numbered, json_schema_input_type=int | Numbered)]


def plan_of(given: Mapping[str, int | Numbered]) -> tuple[dict[str, int], frozenset[str]]:
    """Every time point with its planned day, and those that have none: their numbers only follow those before them.

    Raises ValueError if a word stands twice.
    """
    days: dict[str, int] = {}
    unplanned: set[str] = set()
    for word, day in given.items():
        own = day.days(word) if isinstance(day, Numbered) else {word: day}
        twice = sorted(own.keys() & days.keys())
        if twice:
            raise ValueError(f'the time point "{twice[0]}" stands twice')
        after = max(days.values(), default=-1)
        unplanned |= {name for name, planned in own.items() if planned is None}
        days |= {name: after + n if planned is None else planned for n, (name, planned) in enumerate(own.items(), 1)}
    return days, frozenset(unplanned)


def spelt_out(codes: Mapping[str, str], numbered: Mapping[str, Numbered]) -> dict[str, str]:
    """Codes with a `#` in all that they stand for: the number of a numbered time point, with zeros in front or without.

    >>> spelt_out({"plan": "planning", "w#": "week"}, {"week": Numbered(to=2)})
    {'w1': 'week1', 'w01': 'week1', 'w001': 'week1', 'w2': 'week2', 'w02': 'week2', 'w002': 'week2', 'plan': 'planning'}
    """
    found: dict[str, str] = {}
    for code, word in codes.items():
        if NUMBER in code and word in numbered:
            for n in range(numbered[word].first, numbered[word].to + 1):
                found |= {code.replace(NUMBER, f"{n:0{width}d}"): f"{word}{n}" for width in range(1, _DIGITS + 1)}
    return found | {code: word for code, word in codes.items() if not (NUMBER in code and word in numbered)}


def with_codes(source: Any, numbered: Mapping[str, Numbered]) -> Any:
    """An image source or a table whose codes of time points name each number."""
    timepoint = getattr(source, "timepoint", None)
    if timepoint is None or not timepoint.codes:
        return source
    codes = spelt_out(timepoint.codes, numbered)
    return source.model_copy(update={"timepoint": timepoint.model_copy(update={"codes": codes})})


def known_from(declared: Any, first: str) -> Any:
    """A variable or a table that is known at the first time point where it does not say when it is known."""
    if "known_at" not in type(declared).model_fields or "known_at" in declared.model_fields_set:
        return declared
    return declared.model_copy(update={"known_at": first})


class TimepointTag(Frozen):
    """How a DICOM series tells its time point: by an attribute and what its values mean, by its date, or by both.

    By its date alone: where time points have planned days, the one that is near enough; else the first date of a patient is
    the first time point, the next date the next one.
    """

    tag: str = Field("", description="DICOM attribute, by keyword, such as ClinicalTrialTimePointID")
    codes: dict[str, str] = Field({}, description="value of the attribute → time point")
    date: str = Field(
        "", description="DICOM attribute that holds the date, such as StudyDate: own days of patients. No date is kept"
    )
    within_days: NonNegativeInt = Field(
        0,
        description="without a tag: how far from its planned day a visit may be; where there are none, how many days after "
        "its first image an image still belongs to a visit",
    )

    @model_validator(mode="after")
    def check_tag(self) -> TimepointTag:
        if not (self.tag or self.date):
            raise ValueError("give a tag with its codes, a date, or both")
        if bool(self.tag) != bool(self.codes):
            raise ValueError("tag and codes belong together")
        if self.within_days and (self.tag or not self.date):
            raise ValueError("within_days is for time points that are found by their date alone")
        return self

    @property
    def is_by_date(self) -> bool:
        """Whether dates alone tell the time point."""
        return not self.tag


class TimepointCodes(Frozen):
    """Which word in a path means which time point, as `01` of a BIDS session may be the baseline; or that it is a date."""

    codes: dict[str, str] = Field({}, description="word in place of `{timepoint}` → time point")
    date: str = Field(
        "", description="format of the dates in place of `{timepoint}`, such as %Y-%m-%d. No date is kept"
    )
    within_days: NonNegativeInt = Field(
        0, description="of dates: how far from its planned day a visit may be, as for DICOM"
    )

    @model_validator(mode="after")
    def check_codes(self) -> TimepointCodes:
        if bool(self.codes) == bool(self.date):
            raise ValueError("give either codes, or the format of a date")
        if self.within_days and not self.date:
            raise ValueError("within_days is for dates")
        if self.date and not (re.search("%Y", self.date) and re.search("%[jmbB]", self.date)):
            raise ValueError("the format of a date needs %Y, the year with its century, and %m and %d, or %j")
        return self

    @property
    def is_by_date(self) -> bool:
        """Whether dates alone tell the time point."""
        return bool(self.date)


class VisitTable(TableSource):
    """A table of visits: the patient's own day of each time point, as a number or as a date."""

    timepoint: Timepoints = Field(description="column of the time point")
    day: str = Field("", description="column of the day, a number")
    date: str = Field("", description="column of the date, in place of day")
    start: str = Field(
        "",
        description="column of the date that is day 0; without it, the patient's first visit in the table is on its planned "
        "day, on day 0 where it has none",
    )
    date_format: str = Field("", description="how dates are written, such as `%d.%m.%Y`; never guessed")
    as_of: datetime.date | None = Field(None, description="no date in the table is later; without it, today in UTC")
    tolerance_days: NonNegativeInt = Field(
        0, description="how many days from one visit to another may differ between the table and DICOM dates"
    )

    @model_validator(mode="after")
    def check_days(self) -> VisitTable:
        if bool(self.day) == bool(self.date):
            raise ValueError("give either day, a column of numbers, or date, a column of dates")
        if self.date and not self.date_format:
            raise ValueError('date needs a date_format, for example "%d.%m.%Y": formats are never guessed')
        if not self.date and (self.start or self.date_format or self.as_of):
            raise ValueError("start, date_format and as_of belong to date")
        if self.date_format and "%Y" not in self.date_format:
            raise ValueError("a date_format needs %Y, the year with its century: two digits do not tell which")
        if self.split is not None:
            raise ValueError("a table of visits says nothing of a split")
        return self


VisitTables = Annotated[
    tuple[VisitTable, ...],
    BeforeValidator(
        lambda given: [given] if isinstance(given, dict | VisitTable) else given,
        json_schema_input_type=VisitTable | list[VisitTable],
    ),
]


def in_time(days: Mapping[str, float], order: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """The visits of a patient that stand in time, and those that do not, both in the order of the time points.

    A later time point is on a later day; time points of one planned day may follow each other in any order. What stands in
    time is in every longest run of visits that fulfils this: of two that contradict only each other, neither does.
    days: own day of each. order: planned days.
    """
    words = sorted(days, key=lambda word: (order[word], days[word]))
    if all(order[a] == order[b] or days[a] < days[b] for a, b in pairwise(words)):  # as nearly all patients
        return sorted(days, key=lambda word: (order[word], word)), []

    def follows(early: str, late: str) -> bool:
        return order[early] == order[late] or days[early] < days[late]

    before = [0] * len(words)  # visits of the longest run that ends here
    after = [0] * len(words)  # and that begins here
    for i in range(len(words)):
        before[i] = 1 + max((before[j] for j in range(i) if follows(words[j], words[i])), default=0)
    for i in reversed(range(len(words))):
        after[i] = 1 + max((after[j] for j in range(i + 1, len(words)) if follows(words[i], words[j])), default=0)
    longest = max(before, default=0)
    on_run = [i for i in range(len(words)) if before[i] + after[i] - 1 == longest]
    alone = {place for place in set(before) if sum(before[i] == place for i in on_run) == 1}
    kept = {words[i] for i in on_run if before[i] in alone}
    ordered = sorted(days, key=lambda word: (order[word], word))
    return [word for word in ordered if word in kept], [word for word in ordered if word not in kept]
