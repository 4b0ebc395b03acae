"""The clinical block: the tables of all centres of a cohort as one typed table, one row per patient."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from features.clinical.dates import parse_dates
from features.clinical.derive import derive_outcomes
from features.clinical.label_texts import label_texts
from features.clinical.outcome import is_out_of_range, range_message, reject_outcomes
from features.clinical.read_reports import read_reports
from features.clinical.units import MOLAR_MASS, conversion
from features.clinical.warnings_by_centre import warn
from features.core.catalog.catalog import Cohort
from features.core.catalog.table_source import ClinicalTable, ColumnSource, Variable
from features.core.column import Column
from features.core.errors import ConfigError, Fault
from features.core.pseudonym import pseudonym
from features.core.quarantine import Quarantined, Rejected
from features.core.storage.table import Schema
from features.tables.files import TextTable
from features.tables.number import parse_number
from features.tables.open_table import read_columns
from features.tables.owners import SPLIT, centre_roster, owner_columns, owners_of, shown
from features.tables.patient import KEY, PatientTable, given_twice, two_centres, two_parts


def clinical_schema(cohort: Cohort) -> Schema:
    """Columns of a cohort's clinical block: numbers as float64, flags as bool, categories and ordinals as text."""
    types = {"number": "float64", "flag": "bool", "category": "string", "ordinal": "string"}
    columns = [
        Column(
            name=name,
            type=types[variable.type],  # type: ignore[arg-type]
            description=variable.description,
            role=variable.role,
            unit=variable.unit,
            family=variable.type,
            levels=variable.levels,
        )
        for name, variable in cohort.variables.items()
    ]
    has_split = any(isinstance(table, ClinicalTable) and table.split for table in cohort.tables)
    return Schema("clinical", (*KEY, *([SPLIT] if has_split else []), *columns))


def read_clinical(
    root: Path, name: str, cohort: Cohort, key: bytes, *, withdrawn: Collection[str] = ()
) -> PatientTable:
    """The clinical block of a cohort.

    withdrawn: patients, as `cohort:pseudonym`, whose reports nobody learns from.

    A code, date or number that the catalog does not explain is a fault of the catalog: those of all tables are raised
    together as ConfigError. Tables of one centre complete each other, patient by patient. A predictor out of its allowed
    range puts the patient's row into quarantine (TAB_RANGE); an outcome that cannot be (TAB_TIME, TAB_RANGE) costs the
    patient the endpoint it belongs to, and so do values of which no outcome can be derived (TAB_ORDER, TAB_EVENT, TAB_TIES,
    TAB_RECIST). What a centre's values together make doubtful is a warning. Outcomes of `labelled` are read out of reports.
    """
    rows: dict[str, dict[str, object]] = {}
    faults: list[Fault] = []
    roster = centre_roster(root, cohort)
    for source in cohort.tables:
        if not isinstance(source, ClinicalTable):
            continue
        try:
            named = [n for c in source.columns.values() for n in (c.source, c.start, c.end) if n]
            text = read_columns(root, source, [*named, *owner_columns(source)])
        except ConfigError as error:
            faults += error.faults
            continue
        typed = {
            word: _typed(text, source, column, cohort.variables[word], word, faults)
            for word, column in source.columns.items()
        }
        try:
            owners = owners_of(source, cohort, text.rows, _column(text), roster)
        except ConfigError as error:
            faults += error.faults
            continue
        elsewhere: dict[tuple[str, str], list[str]] = {}
        doubled: dict[str, list[str]] = {}
        torn: list[str] = []
        for i, (patient, centre) in enumerate(zip(owners.patients, owners.centres, strict=True)):
            code = pseudonym(key, name, patient)
            row = rows.setdefault(code, {"patient": code, "cohort": name, "centre": centre})
            twice = sorted(typed.keys() & row.keys())
            if row["centre"] != centre:
                elsewhere.setdefault((centre, str(row["centre"])), []).append(f"row {text.rows[i]}")
            elif twice:
                doubled.setdefault(", ".join(twice), []).append(f"row {text.rows[i]}")
            if source.split and row.setdefault(SPLIT.name, owners.parts[i]) != owners.parts[i]:
                torn.append(f"row {text.rows[i]}")
            row |= {word: column[i] for word, column in typed.items()}
        faults += [two_centres(source.path, *centres, places) for centres, places in elsewhere.items()]
        faults += [given_twice(source.path, words, places) for words, places in doubled.items()]
        faults += [two_parts(source.path, torn)] if torn else []
    centres = {code: str(row["centre"]) for code, row in rows.items()}
    reports = {
        block: read_reports(root, name, cohort, block, key, roster, centres, faults)
        for block in sorted({one.texts for one in cohort.labelled.values() if one.texts})
    }
    if faults:
        raise ConfigError(faults)
    quarantined, warnings = derive_outcomes(name, rows, cohort)
    reports = {
        block: {code: one for code, one in own.items() if f"{name}:{code}" not in withdrawn}
        for block, own in reports.items()
    }
    if faults := label_texts(name, cohort, rows, reports):
        raise ConfigError(faults)
    for code, row in list(rows.items()):
        rejected = reject_outcomes(row, cohort)
        out = [word for word, variable in cohort.variables.items() if is_out_of_range(row.get(word), variable)]
        if out:
            del rows[code]
            rejected = [Rejected("TAB_RANGE", range_message(word, cohort.variables[word]), column=word) for word in out]
        for why in rejected:
            facts = why.code, why.message, why.details
            quarantined.append(Quarantined(name, str(row["centre"]), f"{name}:{code}", "", "tables", *facts))
    schema = clinical_schema(cohort)
    warnings += warn(name, cohort, rows.values())
    return PatientTable(schema.table(rows.values()), schema.columns, tuple(quarantined), tuple(warnings))


def clinical_ids(root: Path, cohort: Cohort) -> set[str]:
    """The patient ids of a cohort's clinical tables, in the declared form. Raises ConfigError as `patients_of`."""
    roster = centre_roster(root, cohort)
    found: set[str] = set()
    for source in cohort.tables:
        if isinstance(source, ClinicalTable):
            text = read_columns(root, source, owner_columns(source))
            found |= {*owners_of(source, cohort, text.rows, _column(text), roster).patients}
    return found


def _column(text: TextTable) -> Callable[[str], Sequence[str | None]]:
    """Cells of a table by the names of columns, its ids among them."""
    return lambda name: text.keys if name == text.source.id else text.column(name)


def _typed(
    text: TextTable, table: ClinicalTable, source: ColumnSource, variable: Variable, word: str, faults: list[Fault]
) -> list[object]:
    """Values of one variable; cells that cannot be understood are listed as faults with the values found."""
    where = f"{table.path}, column {source.source or f'{source.start} to {source.end}'} ({word})"
    if source.source is None:
        latest = table.as_of or datetime.now(UTC).date()
        start, end = (
            parse_dates(text.column(str(name), source.missing), source.date_format or "", latest, where, faults)
            for name in (source.start, source.end)
        )
        days = [None if a is None or b is None else float((b - a).days) for a, b in zip(start, end, strict=True)]
        return _in_unit(days, "days", variable, where, faults)
    cells = text.column(source.source, source.missing)
    if variable.type == "number":
        unit = source.unit or variable.unit
        numbers = _numbers(cells, table.decimal, where, faults)
        numbers = _as_shown(numbers, text.percent(source.source), unit, where, faults)
        return _in_unit(numbers, unit, variable, where, faults)
    codes: dict[str, str | bool] = dict(source.codes)
    if not codes:
        codes = (
            {"true": True, "false": False} if variable.type == "flag" else {level: level for level in variable.levels}
        )
    unknown = sorted({cell for cell in cells if cell is not None and cell not in codes})
    if unknown:
        faults.append(
            Fault(where, "codes without a meaning", shown(unknown), ", ".join(codes), "add them to codes or missing")
        )
    return [None if cell is None else codes.get(cell) for cell in cells]


def _numbers(cells: Sequence[str | None], decimal: str, where: str, faults: list[Fault]) -> list[float | None]:
    numbers: list[float | None] = []
    wrong = []
    for cell in cells:
        numbers.append(None if cell is None else parse_number(cell, decimal))
        if cell is not None and numbers[-1] is None:
            wrong.append(cell)
    if wrong:
        other = "," if decimal == "." else "."
        hint = "correct them, or add their codes to missing"
        if all(parse_number(cell, other) is not None for cell in wrong):
            hint = f'if the decimal sign is "{other}", declare decimal: "{other}"; else {hint}'
        faults.append(Fault(where, "cells that are not numbers", shown(wrong), f'numbers with "{decimal}"', hint))
    return numbers


def _as_shown(
    numbers: list[float | None], percent: Sequence[bool], unit: str, where: str, faults: list[Fault]
) -> list[float | None]:
    """Numbers in a unit of which Excel shows some as percent, 0.25 as 25 %; all that are not 0 have to be shown alike."""
    shown = [n for n, is_share in zip(numbers, percent, strict=True) if n and is_share]
    if not shown:
        return numbers
    factor = conversion("fraction", unit)
    if factor is None:
        hint = "declare the unit, or give the cells the format of a number"
        faults.append(
            Fault(where, "cells are formatted as percent", f'the unit "{unit}"', "percent, %, fraction", hint)
        )
        return numbers
    if plain := sum(bool(n) and not is_share for n, is_share in zip(numbers, percent, strict=True)):
        what = f"of the cells {len(shown)} are formatted as percent, and {plain} are not"
        faults.append(Fault(where, what, hint="give all cells of the column one format, and look at their values"))
    return [None if n is None else float(Decimal(repr(n)) * Decimal(repr(factor))) for n in numbers]


def _in_unit(
    values: Sequence[float | None], source: str, variable: Variable, where: str, faults: list[Fault]
) -> list[object]:
    factor = conversion(source, variable.unit, variable.analyte)
    if factor is None:
        what = f'no conversion from "{source}" to "{variable.unit}" is known'
        analytes = ", ".join(MOLAR_MASS)
        is_molar = "mol/" in source + variable.unit
        hint = f"between mass and moles declare the variable's analyte: {analytes}" if is_molar else ""
        faults.append(Fault(where, what + (f" for {variable.analyte}" if variable.analyte else ""), hint=hint))
        factor = math.nan
    return [None if value is None else value * factor for value in values]
