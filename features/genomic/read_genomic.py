"""The genomic block: the genomic tables of all centres as one typed table, one row per patient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.core.catalog.catalog import Cohort
from features.core.catalog.genomic_source import GenomicTable
from features.core.catalog.outcome_source import declared_names, is_named
from features.core.catalog.table_source import ClinicalTable
from features.core.column import Column
from features.core.errors import ConfigError, Fault
from features.core.pseudonym import pseudonym
from features.core.quarantine import Quarantined
from features.core.storage.table import Schema
from features.genomic.copy_number import read_copy_number
from features.genomic.expression import read_expression
from features.genomic.methylation import read_methylation
from features.genomic.mutations import read_mutations
from features.genomic.values import Values
from features.tables.files import patients_of, read_text_table
from features.tables.odd_centres import FEWEST, UNIT_FACTOR, odd_centres, unit_warning
from features.tables.patient import KEY, PatientTable, given_twice, two_centres

VERSION = 3  # raise it when the meaning of values changes
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
    parts: list[tuple[GenomicTable, str, Values]] = []
    known = {centre: _clinical_patients(root, cohort, centre) for centre in cohort.centres}
    for source in cohort.tables:
        if not isinstance(source, GenomicTable):
            continue
        centre = source.centre or next(iter(cohort.centres))
        try:
            found = READERS[source.form](root, source, cohort.id_form.at(centre), known[centre])
        except ConfigError as error:
            faults += error.faults
            continue
        parts.append((source, centre, found))
        faults += _meanings(source, found, columns)
    rows: dict[str, int] = {}
    centres: list[str] = []
    places: list[NDArray[np.int64]] = []
    elsewhere: dict[tuple[str, str, str], list[str]] = {}
    for table, centre, found in parts:
        codes = [pseudonym(key, name, patient) for patient in found.patients]
        for code, where in zip(codes, found.places, strict=True):
            if rows.setdefault(code, len(rows)) == len(centres):
                centres.append(centre)
            elif centres[rows[code]] != centre:
                elsewhere.setdefault((table.path, centre, centres[rows[code]]), []).append(where)
        places.append(np.array([rows[code] for code in codes], dtype=np.int64))
    faults += [two_centres(*key, found) for key, found in elsewhere.items()]
    names = sorted(columns)
    values = np.full((len(rows), len(names)), np.nan)
    index = {column: i for i, column in enumerate(names)}
    for (table, _, found), place in zip(parts, places, strict=True):
        area = np.ix_(place, np.array([index[column.name] for column in found.columns], dtype=np.int64))
        before, is_known = values[area], np.isfinite(found.numbers)
        twice = (np.isfinite(before) & is_known).any(axis=1)
        if twice.any():
            faults.append(given_twice(table.path, "these genes", list(np.array(found.places, dtype=object)[twice])))
        values[area] = np.where(is_known, found.numbers, before)
    if faults:
        raise ConfigError(faults)
    schema = Schema("genomic", (*KEY, *(columns[column] for column in names)))
    facts = {"patient": list(rows), "cohort": [name] * len(rows), "centre": centres}
    arrays = {fact: pa.array(found, pa.string()) for fact, found in facts.items()}
    arrays |= {column: _array(columns[column], values[:, i]) for i, column in enumerate(names)}
    warnings = _warnings(name, np.array(centres, dtype=object), [columns[column] for column in names], values)
    warnings += _names_of_outcomes(name, cohort, parts)
    return PatientTable(schema.checked(pa.table(arrays)), schema.columns, (), tuple(warnings))


def _names_of_outcomes(
    name: str, cohort: Cohort, parts: list[tuple[GenomicTable, str, Values]]
) -> Iterator[Quarantined]:
    """For each centre, columns that are named as outcomes are and that nobody has checked. They may be genes."""
    declared = declared_names(cohort.tables, cohort.variables)
    for centre in sorted({centre for _, centre, _ in parts}):
        doubtful = [
            column.name
            for source, there, found in parts
            for column in found.columns
            if there == centre and column.name not in source.leak_checked and is_named(column.name, declared)
        ]
        if doubtful:
            shown = ", ".join(doubtful[:5]) + (f" and {len(doubtful) - 5} more" if len(doubtful) > 5 else "")
            message = f"genomic columns are named as outcomes are: {shown}"
            details: dict[str, float | int | str] = {"column": "genomic", "columns": len(doubtful)}
            yield Quarantined(name, centre, "", "", "tables", "TAB_OUTCOME_NAME", message, details)


def genomic_ids(root: Path, cohort: Cohort) -> set[str]:
    """The patient ids of a cohort's genomic tables, in the declared form. Raises ConfigError as `read_genomic`."""
    found: set[str] = set()
    for source in cohort.tables:
        if isinstance(source, GenomicTable):
            centre = source.centre or next(iter(cohort.centres))
            known = _clinical_patients(root, cohort, centre)
            found |= set(READERS[source.form](root, source, cohort.id_form.at(centre), known).patients)
    return found


def _clinical_patients(root: Path, cohort: Cohort, centre: str) -> set[str]:
    """Patients of a centre's clinical tables; their faults are told where the clinical block is read."""
    found: set[str] = set()
    for source in cohort.tables:
        if isinstance(source, ClinicalTable) and (source.centre or next(iter(cohort.centres))) == centre:
            try:
                found |= set(patients_of(read_text_table(root, source), cohort.id_form.at(centre)))
            except ConfigError:
                continue
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
            message = f"{lacking} of {len(columns)} genomic columns are missing in more than half of the patients"
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
