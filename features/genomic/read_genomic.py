"""The genomic block: the genomic tables of all centres as one typed table, one row per patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.core.catalog.catalog import Cohort
from features.core.catalog.genomic_source import GenomicTable, MatrixTable
from features.core.catalog.outcome_source import declared_names, is_named
from features.core.catalog.table_source import ClinicalTable
from features.core.column import Column
from features.core.errors import ConfigError, Fault
from features.core.pseudonym import pseudonym
from features.core.quarantine import Quarantined
from features.core.storage.table import Schema
from features.core.wording import counted
from features.genomic.copy_number import read_copy_number
from features.genomic.expression import read_expression
from features.genomic.methylation import read_methylation
from features.genomic.mutations import read_mutations
from features.genomic.values import Values
from features.tables.files import some_places
from features.tables.odd_centres import FEWEST, UNIT_FACTOR, odd_centres, unit_warning
from features.tables.owners import SPLIT, Roster, centre_roster, read_owners
from features.tables.patient import KEY, PatientTable, given_twice, two_centres, two_parts

GENES = 1000  # that a centre's magnitude is judged by
READERS: dict[str, Callable[..., Values]] = {
    "expression": read_expression,
    "copy_number": read_copy_number,
    "methylation": read_methylation,
    "mutations": read_mutations,
}


def read_genomic(root: Path, name: str, cohort: Cohort, key: bytes) -> PatientTable:
    """The genomic block of a cohort: the union of the tables' columns, null where a centre has not measured one.

    Tables of one centre complete each other, patient by patient. Values of one patient are never changed by those of
    another. Raises ConfigError with the faults of all tables: what is not found, stands twice, is no finite number,
    contradicts what the catalog declares, or means something else in another table.
    """
    faults: list[Fault] = []
    columns: dict[str, Column] = {}
    parts: list[tuple[GenomicTable, Sequence[str], Sequence[str | None], Values]] = []
    roster = centre_roster(root, cohort)
    for source in cohort.tables:
        if not isinstance(source, GenomicTable):
            continue
        try:
            found = _read(root, source, cohort)
            parts.append((source, *_owners(root, source, cohort, found, roster), found))
        except ConfigError as error:
            faults += error.faults
            continue
        faults += _meanings(source, found, columns)
    rows: dict[str, int] = {}
    centres: list[str] = []
    splits: dict[str, str] = {}
    places: list[NDArray[np.int64]] = []
    elsewhere: dict[tuple[str, str, str], list[str]] = {}
    torn: dict[str, list[str]] = {}
    for table, own, halves, found in parts:
        codes = [pseudonym(key, name, patient) for patient in found.patients]
        for code, centre, half, where in zip(codes, own, halves, found.places, strict=True):
            if rows.setdefault(code, len(rows)) == len(centres):
                centres.append(centre)
            elif centres[rows[code]] != centre:
                elsewhere.setdefault((table.path, centre, centres[rows[code]]), []).append(where)
            if half is not None and splits.setdefault(code, half) != half:
                torn.setdefault(table.path, []).append(where)
        places.append(np.array([rows[code] for code in codes], dtype=np.int64))
    faults += [two_centres(*key, found) for key, found in elsewhere.items()]
    faults += [two_parts(path, found) for path, found in torn.items()]
    names = sorted(columns)
    values = np.full((len(rows), len(names)), np.nan)
    index = {column: i for i, column in enumerate(names)}
    for (table, _, _, found), place in zip(parts, places, strict=True):
        area = np.ix_(place, np.array([index[column.name] for column in found.columns], dtype=np.int64))
        before, is_known = values[area], np.isfinite(found.numbers)
        twice = (np.isfinite(before) & is_known).any(axis=1)
        if twice.any():
            faults.append(given_twice(table.path, "these genes", list(np.array(found.places, dtype=object)[twice])))
        values[area] = np.where(is_known, found.numbers, before)
    if faults:
        raise ConfigError(faults)
    has_split = any(table.split for table, _, _, _ in parts)
    schema = Schema("genomic", (*KEY, *([SPLIT] if has_split else []), *(columns[column] for column in names)))
    facts: dict[str, Sequence[str | None]] = {"patient": list(rows), "cohort": [name] * len(rows), "centre": centres}
    facts |= {SPLIT.name: [splits.get(code) for code in rows]} if has_split else {}
    arrays = {fact: pa.array(found, pa.string()) for fact, found in facts.items()}
    arrays |= {column: _array(columns[column], values[:, i]) for i, column in enumerate(names)}
    warnings = _warnings(name, np.array(centres, dtype=object), [columns[column] for column in names], values)
    warnings += _names_of_outcomes(name, cohort, parts)
    return PatientTable(schema.checked(pa.table(arrays)), schema.columns, (), tuple(warnings))


def _names_of_outcomes(
    name: str, cohort: Cohort, parts: list[tuple[GenomicTable, Sequence[str], Sequence[str | None], Values]]
) -> Iterator[Quarantined]:
    """For each centre, columns that are named as outcomes are and that nobody has checked. They may be genes."""
    declared = declared_names(cohort.tables, cohort.variables)
    for centre in sorted({centre for _, own, _, _ in parts for centre in own}):
        doubtful = [
            column.name
            for source, own, _, found in parts
            for column in found.columns
            if centre in own and column.name not in source.leak_checked and is_named(column.name, declared)
        ]
        if doubtful:
            shown = ", ".join(doubtful[:5]) + (f" and {len(doubtful) - 5} more" if len(doubtful) > 5 else "")
            message = f"genomic columns are named as outcomes are: {shown}"
            details: dict[str, float | int | str] = {"column": "genomic", "columns": len(doubtful)}
            yield Quarantined(name, centre, "", "", "tables", "TAB_OUTCOME_NAME", message, details)


def genomic_ids(root: Path, cohort: Cohort) -> set[str]:
    """The patient ids of a cohort's genomic tables, in the declared form. Raises ConfigError as `read_genomic`."""
    sources = [source for source in cohort.tables if isinstance(source, GenomicTable)]
    return {patient for source in sources for patient in _read(root, source, cohort).patients}


def _read(root: Path, source: GenomicTable, cohort: Cohort) -> Values:
    """The values of a table. Where rows have centres of their own, so that none is that of the table, ids have no prefix."""
    named = source.centre or next(iter(cohort.centres))
    form = cohort.id_form.at(named) if isinstance(named, str) else cohort.id_form
    return READERS[source.form](root, source, form, _clinical_patients(root, cohort, source))


def _owners(
    root: Path, source: GenomicTable, cohort: Cohort, found: Values, roster: Roster
) -> tuple[Sequence[str], Sequence[str | None]]:
    """Centre of each patient of a table, and the part of the split. Raises ConfigError."""
    named = source.centre if len(cohort.centres) > 1 or source.centre else next(iter(cohort.centres))
    if isinstance(named, str) and source.split is None:
        return [named] * len(found.patients), [None] * len(found.patients)
    if isinstance(source, MatrixTable) and source.rows == "genes":
        centres, parts = dict(roster()), dict[str, str | None]()
    else:
        owners = read_owners(root, source, cohort, roster)
        centres = dict(zip(owners.patients, owners.centres, strict=True))
        parts = dict(zip(owners.patients, owners.parts, strict=True))
    lost = [where for where, patient in zip(found.places, found.patients, strict=True) if patient not in centres]
    if lost:
        raise ConfigError([Fault(source.path, "no table tells the centre of patients", some_places(lost, ""))])
    return [centres[patient] for patient in found.patients], [parts.get(patient) for patient in found.patients]


def _clinical_patients(root: Path, cohort: Cohort, table: GenomicTable) -> set[str]:
    """Patients of the clinical tables of a table's centre; their faults are told where the clinical block is read."""
    named = table.centre or next(iter(cohort.centres))
    found: set[str] = set()
    for source in cohort.tables:
        if not isinstance(source, ClinicalTable):
            continue
        try:
            owners = read_owners(root, source, cohort, centre_roster(root, cohort))
        except ConfigError:
            continue
        pairs = zip(owners.patients, owners.centres, strict=True)
        found |= {patient for patient, centre in pairs if centre == named or not isinstance(table.centre, str)}
    return found


def _meanings(source: GenomicTable, found: Values, columns: dict[str, Column]) -> list[Fault]:
    """Adds the columns of a table; faults where another table means something else by one of them."""
    faults = []
    for column in found.columns:
        first = columns.setdefault(column.name, column)
        if first.unit != column.unit:
            faults.append(Fault(source.path, f'gene "{column.name}" has another unit', column.unit, first.unit))
        elif first != column:
            what = f'the column "{column.name}" means something else in another table'
            faults.append(Fault(source.path, what, column.description, first.description))
    return faults


def _array(column: Column, values: NDArray[np.float64]) -> Any:
    missing = ~np.isfinite(values)
    return pa.array(np.where(missing, 0, values) != 0 if column.type == "bool" else values, mask=missing)


def _warnings(
    name: str, centres: NDArray[np.object_], columns: list[Column], values: NDArray[np.float64]
) -> list[Quarantined]:
    """Centres that lack more than half of a column's values, and whose expression has another magnitude."""
    found: list[Quarantined] = []
    names = sorted(set(centres))
    present = {centre: np.isfinite(values[centres == centre]) for centre in names}
    for centre in names:
        lacking = int((2 * (~present[centre]).sum(axis=0) > len(present[centre])).sum())
        if lacking:
            message = (
                f"missing in more than half of the patients: {lacking} of {counted(len(columns), 'genomic column')}"
            )
            details: dict[str, float | int | str] = {"column": "genomic", "columns": lacking}
            found.append(Quarantined(name, centre, "", "", "tables", "TAB_MISSING", message, details))
    shared = np.array([column.family == "expression" for column in columns], dtype=bool)
    for there in present.values():
        shared &= there.any(axis=0)
    chosen = np.flatnonzero(shared)
    expression = values[:, chosen[:: len(chosen) // GENES + 1]]
    if expression.size and np.nanmin(expression) >= 0:  # z-scores have no magnitude
        parts = {centre: expression[centres == centre] for centre in names}
        medians = {centre: float(np.nanmedian(part)) for centre, part in parts.items() if len(part) >= FEWEST}
        ratios = odd_centres(medians, UNIT_FACTOR)
        found += [unit_warning(name, centre, "TAB_UNITS", "expression", ratio) for centre, ratio in ratios]
    return found
