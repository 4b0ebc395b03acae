"""The tables of visits of a cohort: the patient's own day of each time point. Dates become days, and are not kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from features.clinical.dates import parse_dates
from features.core.catalog.catalog import Cohort
from features.core.catalog.visits import VisitTable
from features.core.errors import ConfigError, Fault
from features.core.pseudonym import pseudonym
from features.tables.files import TextTable, some_rows
from features.tables.number import parse_number
from features.tables.open_table import read_columns
from features.tables.owners import Owners, Roster, centre_roster, owner_columns, owners_of, shown
from features.tables.visit_days import Place, TableDays


def read_visits(root: Path, name: str, cohort: Cohort, key: bytes) -> TableDays:
    """Own days of the patients of a cohort; a visit whose cell is empty has none.

    Raises ConfigError with the faults of all tables: ids as `normalise_ids`; values that are no time points, no numbers, or
    no dates of the declared format; a visit that stands twice; a patient with several days 0.
    """
    faults: list[Fault] = []
    days: dict[Place, float] = {}
    centres: dict[str, str] = {}
    roster = centre_roster(root, cohort)
    for source in cohort.visits:
        try:
            text, owners, words = _rows(root, source, cohort, roster)
            found = _days(text, source, owners.patients, words, cohort, faults)
        except ConfigError as error:
            faults += error.faults
            continue
        codes = {patient: pseudonym(key, name, patient) for patient in owners.patients}
        seen: set[Place] = set()
        twice = []
        for line, patient, centre, word, day in zip(
            text.rows, owners.patients, owners.centres, words, found, strict=True
        ):
            place = codes[patient], word
            if place in seen or (day is not None and place in days):
                twice.append(line)
            seen.add(place)
            if centre:
                centres[codes[patient]] = centre
            if day is not None:
                days.setdefault(place, day)
        if twice:
            faults.append(Fault(source.path, "a patient's time point stands twice", some_rows(twice)))
    if faults:
        raise ConfigError(faults)
    return TableDays(days, centres, max((one.tolerance_days for one in cohort.visits), default=0))


def visit_ids(root: Path, cohort: Cohort) -> set[str]:
    """The patient ids of a cohort's tables of visits, in the declared form. Raises ConfigError as `read_visits`."""
    roster = centre_roster(root, cohort)
    return {patient for source in cohort.visits for patient in _rows(root, source, cohort, roster)[1].patients}


class _Asked(dict[str, str]):
    """Centres of patients, "" of those whom no table names: a day needs none."""

    def __contains__(self, _: object) -> bool:
        return True

    def __missing__(self, _: str) -> str:
        return ""


def _rows(root: Path, source: VisitTable, cohort: Cohort, roster: Roster) -> tuple[TextTable, Owners, list[str]]:
    """The table, whose its rows are, and their time points."""
    named = [name for name in (source.timepoint.column, source.day, source.date, source.start) if name]
    text = read_columns(root, source, [*named, *owner_columns(source)])

    def column(name: str) -> Sequence[str | None]:
        return text.keys if name == source.id else text.column(name)

    owners = owners_of(source, cohort, text.rows, column, lambda: _Asked(roster()), repeated=True)
    codes: Mapping[str, str] = source.timepoint.codes or {word: word for word in cohort.timepoints}
    cells = text.column(source.timepoint.column)
    unknown = sorted({cell or "" for cell in cells if cell not in codes})
    if unknown:
        where = f"{source.path}, column {source.timepoint.column}"
        hint = "say in codes which time point they mean, or leave these rows out of the table"
        raise ConfigError([Fault(where, "values are no time points", shown(unknown), _some(codes), hint)])
    return text, owners, [codes[cell or ""] for cell in cells]


def _days(
    text: TextTable,
    source: VisitTable,
    patients: Sequence[str],
    words: Sequence[str],
    cohort: Cohort,
    faults: list[Fault],
) -> list[float | None]:
    """The day of each row, None where its cell is empty."""
    if source.day:
        where = f"{source.path}, column {source.day}"
        cells = text.column(source.day)
        days = [None if cell is None else parse_number(cell, source.decimal) for cell in cells]
        wrong = [
            line for line, cell, day in zip(text.rows, cells, days, strict=True) if cell is not None and day is None
        ]
        if wrong:
            faults.append(Fault(where, "days are no numbers", some_rows(wrong), f'numbers with "{source.decimal}"'))
        return days
    latest = source.as_of or datetime.now(UTC).date()
    where = f"{source.path}, column {source.date}"
    dates = parse_dates(text.column(source.date), source.date_format, latest, where, faults)
    zero = _starts(text, source, patients, latest, faults) if source.start else _firsts(patients, words, dates, cohort)
    return [
        None if when is None or patient not in zero else float(when.toordinal() - zero[patient])
        for patient, when in zip(patients, dates, strict=True)
    ]


def _starts(
    text: TextTable, source: VisitTable, patients: Sequence[str], latest: date, faults: list[Fault]
) -> dict[str, int]:
    """Day 0 of each patient by the column of starts."""
    where = f"{source.path}, column {source.start}"
    starts = parse_dates(text.column(source.start), source.date_format, latest, where, faults)
    found: dict[str, int] = {}
    several = [
        line
        for line, patient, start in zip(text.rows, patients, starts, strict=True)
        if start is not None and found.setdefault(patient, start.toordinal()) != start.toordinal()
    ]
    if several:
        faults.append(Fault(where, "a patient has several days 0", some_rows(several), "one date for each patient"))
    return found


def _firsts(
    patients: Sequence[str], words: Sequence[str], dates: Sequence[date | None], cohort: Cohort
) -> dict[str, int]:
    """Day 0 of each patient: what puts the first time point that has a date on its planned day, or on day 0."""
    order = {word: (day, i) for i, (word, day) in enumerate(cohort.timepoints.items())}
    first: dict[str, tuple[tuple[int, int], int]] = {}
    for patient, word, when in zip(patients, words, dates, strict=True):
        if when is not None and (patient not in first or order[word] < first[patient][0]):
            first[patient] = order[word], when.toordinal() - cohort.planned.get(word, 0)
    return {patient: zero for patient, (_, zero) in first.items()}


def _some(codes: Mapping[str, str]) -> str:
    return ", ".join([*codes][:20]) + (", …" if len(codes) > 20 else "")
