"""The clinical block: the tables of all centres of a cohort as one typed table, one row per patient."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path

import pandas as pd

from features.clinical.units import conversion
from features.core.catalog import ClinicalTable, Cohort, ColumnSource, Variable
from features.core.endpoint import SurvivalEndpoint
from features.core.errors import ConfigError, Fault
from features.core.pseudonym import pseudonym
from features.core.quarantine import Quarantined, Rejected
from features.core.table import Column, Schema
from features.tables.files import file_row, read_text_table, require_columns
from features.tables.number import parse_number
from features.tables.patient import KEY, PatientTable

VERSION = "1"  # raise it when the meaning of values changes


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
        )
        for name, variable in cohort.variables.items()
    ]
    return Schema("clinical", (*KEY, *columns))


def read_clinical(root: Path, name: str, cohort: Cohort, key: bytes) -> PatientTable:
    """The clinical block of a cohort.

    A code, date or number that the catalog does not explain is a fault of the catalog: all are raised together as
    ConfigError. Tables of one centre complete each other, patient by patient. A value out of its allowed range, or a
    survival time that is missing or not above zero where the event state is given, puts the patient's row into
    quarantine (TAB_RANGE, TAB_TIME).
    """
    rows: dict[str, dict[str, object]] = {}
    faults: list[Fault] = []
    for source in cohort.tables:
        if not isinstance(source, ClinicalTable):
            continue
        text = read_text_table(root, source)
        wanted = [
            part for column in source.columns.values() for part in (column.source, column.start, column.end) if part
        ]
        require_columns(text, wanted, source)
        typed = {
            word: _typed(text, source, column, cohort.variables[word], word, faults)
            for word, column in source.columns.items()
        }
        centre = source.centre or next(iter(cohort.centres))
        for i, patient in enumerate(text.index):
            code = pseudonym(key, name, patient)
            row = rows.setdefault(code, {"patient": code, "cohort": name, "centre": centre})
            twice = sorted(typed.keys() & row.keys())
            if twice or row["centre"] != centre:
                what = f"a patient already has {', '.join(twice) or 'another centre'} from another table"
                faults.append(Fault(source.path, what, f"row {file_row(text, i)}"))
            row |= {word: column[i] for word, column in typed.items()}
    if faults:
        raise ConfigError(faults)
    quarantined: list[Quarantined] = []
    for code, row in list(rows.items()):
        rejected = _rejected(row, cohort)
        if rejected:
            del rows[code]
            facts = rejected.code, rejected.message, rejected.details
            quarantined.append(Quarantined(name, str(row["centre"]), f"{name}:{code}", "", "tables", *facts))
    schema = clinical_schema(cohort)
    return PatientTable(schema.table(rows.values()), schema.columns, tuple(quarantined))


def _typed(
    text: pd.DataFrame, table: ClinicalTable, source: ColumnSource, variable: Variable, word: str, faults: list[Fault]
) -> list[object]:
    """Values of one variable; cells that cannot be understood are listed as faults with the values found."""
    where = f"{table.path}, column {source.source or f'{source.start} to {source.end}'} ({word})"
    if source.source is None:
        start, end = (
            _dates(text[str(name)], source.date_format or "", where, faults) for name in (source.start, source.end)
        )
        days = [None if a is None or b is None else float((b - a).days) for a, b in zip(start, end, strict=True)]
        return _in_unit(days, "days", variable.unit, where, faults)
    cells = [None if cell is None or cell != cell else str(cell) for cell in text[source.source]]
    if variable.type == "number":
        numbers = _numbers(cells, table.decimal, where, faults)
        return _in_unit(numbers, source.unit or variable.unit, variable.unit, where, faults)
    codes: dict[str, str | bool] = dict(source.codes)
    if not codes:
        codes = (
            {"true": True, "false": False} if variable.type == "flag" else {level: level for level in variable.levels}
        )
    unknown = sorted({cell for cell in cells if cell is not None and cell not in codes})
    if unknown:
        faults.append(
            Fault(where, "codes without a meaning", _some(unknown), ", ".join(codes), "add them to codes or missing")
        )
    return [None if cell is None else codes.get(cell) for cell in cells]


def _numbers(cells: list[str | None], decimal: str, where: str, faults: list[Fault]) -> list[float | None]:
    numbers: list[float | None] = []
    wrong = []
    for cell in cells:
        numbers.append(None if cell is None else parse_number(cell, decimal))
        if cell is not None and numbers[-1] is None:
            wrong.append(cell)
    if wrong:
        hint = "correct them, or add their codes to missing"
        faults.append(Fault(where, "cells that are not numbers", _some(wrong), f'numbers with "{decimal}"', hint))
    return numbers


def _dates(cells: pd.Series[str], form: str, where: str, faults: list[Fault]) -> list[datetime | None]:
    dates: list[datetime | None] = []
    wrong = 0
    for cell in cells:
        try:
            dates.append(None if cell is None or cell != cell else datetime.strptime(str(cell), form))
        except ValueError:
            wrong += 1
            dates.append(None)
    if wrong:
        faults.append(Fault(where, f"{wrong} cells are not dates of the declared format", "", form))
    return dates


def _in_unit(values: list[float | None], source: str, target: str, where: str, faults: list[Fault]) -> list[object]:
    factor = conversion(source, target)
    if factor is None:
        faults.append(Fault(where, f'no conversion from "{source}" to "{target}" is known'))
        factor = math.nan
    return [None if value is None else value * factor for value in values]


def _rejected(values: dict[str, object], cohort: Cohort) -> Rejected | None:
    for word, variable in cohort.variables.items():
        value = values.get(word)
        if variable.allowed and isinstance(value, float) and not variable.allowed[0] <= value <= variable.allowed[1]:
            return Rejected(
                "TAB_RANGE", f"{word} lies outside {variable.allowed[0]:g} to {variable.allowed[1]:g}", column=word
            )
    for endpoint in cohort.endpoints.values():
        if isinstance(endpoint, SurvivalEndpoint) and values.get(endpoint.event) is not None:
            time = values.get(endpoint.time)
            if not isinstance(time, float) or time <= 0:
                return Rejected("TAB_TIME", column=endpoint.time)
    return None


def _some(values: list[str]) -> str:
    """Values found, for the message; long cells are free text and are not repeated."""
    shown = [f'"{value}"' if len(value) <= 20 else f"a text of {len(value)} characters" for value in values[:5]]
    return ", ".join(shown) + (f" and {len(values) - 5} more" if len(values) > 5 else "")
