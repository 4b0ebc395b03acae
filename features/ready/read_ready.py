"""A ready-made block: the tables of a cohort that feed it, as one typed table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.core.catalog.catalog import Cohort
from features.core.catalog.ready_table import ReadyTable
from features.core.column import Column
from features.core.errors import ConfigError, Fault
from features.core.pseudonym import pseudonym
from features.core.quarantine import Quarantined
from features.core.storage.table import Schema
from features.core.wording import counted
from features.ready.chosen import Chosen, choose
from features.ready.names_with_ids import names_with_ids
from features.ready.unknown_ids import check_known
from features.tables.cells import SPOKEN, Cells, Odd
from features.tables.files import require, some_places, some_rows
from features.tables.number import parse_number
from features.tables.open_table import open_table
from features.tables.owners import SPLIT, Owners, Roster, centre_roster, owner_columns, owners_of, read_owners, shown
from features.tables.patient import KEY, PatientTable, given_twice, two_centres, two_parts

TIMEPOINT = Column("timepoint", "string", "time point of the row", role="key")
LESION = Column("lesion", "string", "lesion of the row", role="key")
Key = tuple[str, str, str]  # patient, time point, lesion
Cut = Callable[[str], Sequence[str | None]]  # a column's texts, None where missing


@dataclass(frozen=True, eq=False)
class Part:
    """What one table gives: its rows, their owners and keys, and the columns under their names in the block.

    numbers: (columns of numbers, rows), NaN where missing. texts: of the other columns, None where missing.
    """

    source: ReadyTable
    owners: Owners
    keys: Sequence[Key]
    lines: Sequence[int]
    columns: Sequence[Column]
    numbers: NDArray[np.float64]
    texts: dict[str, Sequence[str | None]]
    left_out: str


def read_ready(root: Path, name: str, cohort: Cohort, block: str, key: bytes) -> PatientTable:
    """A ready-made block of a cohort: one row per patient, and time point or lesion where its tables have these columns.

    Columns are numbers, null where missing, or texts: categories, and reports where the catalog shares them. Tables
    complete each other, row by row. Raises ConfigError with the faults of all tables: ids as `normalise_ids`, or known to no
    other table; cells that are no finite numbers; columns that are not there, look like outcomes, or mean something else in
    another table; rows that stand twice.
    """
    faults: list[Fault] = []
    parts: list[Part] = []
    roster = centre_roster(root, cohort)
    for source in _sources(cohort, block):
        try:
            parts.append(_read(root, source, cohort, roster))
            check_known(root, source, cohort, parts[-1].owners.patients, parts[-1].lines, roster)
        except ConfigError as error:
            faults += error.faults
    facts = _facts(parts, faults)
    columns, (rows, centres, splits) = _merged_columns(parts, faults), _merged_rows(parts, faults)
    numbers, texts = _values(parts, columns, rows, faults)
    if faults:
        raise ConfigError(faults)
    codes = {patient: pseudonym(key, name, patient) for patient, _, _ in rows}
    order = sorted(rows, key=lambda row: (codes[row[0]], *row[1:]))
    place = np.array([rows[row] for row in order], np.int64)
    given: dict[str, Sequence[str | None]] = {
        "patient": [codes[row[0]] for row in order],
        "cohort": [name] * len(order),
        "centre": [centres[row[0]] for row in order],
        "timepoint": [row[1] for row in order],
        "lesion": [row[2] for row in order],
        "split": [splits.get(row[0]) for row in order],
    }
    arrays: dict[str, pa.Array] = {fact.name: pa.array(given[fact.name], pa.string()) for fact in facts}
    slot = {column.name: i for i, column in enumerate(c for c in columns if c.type == "float64")}
    for column in columns:
        if column.type == "float64":
            line = numbers[slot[column.name]]
            line[:] = line[place]  # in place: there may be thousands of columns
            arrays[column.name] = _array(line)
        else:
            arrays[column.name] = pa.array([texts[column.name][i] for i in place], pa.string())
    schema = Schema(block, (*facts, *columns))
    found = schema.checked(pa.table(arrays))
    warnings = [*_left_out(name, parts), *_missing(name, block, given["centre"], numbers, slot)]
    return PatientTable(found, schema.columns, (), tuple(warnings))


def ready_ids(root: Path, cohort: Cohort) -> set[str]:
    """The patient ids of a cohort's ready-made tables, in the declared form. Raises ConfigError as `read_ready`."""
    roster = centre_roster(root, cohort)
    sources = [source for source in cohort.tables if isinstance(source, ReadyTable)]
    return {patient for source in sources for patient in read_owners(root, source, cohort, roster).patients}


def _sources(cohort: Cohort, block: str) -> list[ReadyTable]:
    return [source for source in cohort.tables if isinstance(source, ReadyTable) and source.block == block]


def _read(root: Path, source: ReadyTable, cohort: Cohort, roster: Roster) -> Part:
    file = open_table(root, source)
    header = list(file.header)
    chosen = choose(source, header, cohort)
    own = owner_columns(source)
    own += [source.timepoint.column] if source.timepoint else []
    own += [source.lesion] if source.lesion is not None else []
    require(header, [*own, *chosen.numbers, *chosen.texts], source, show=len(header) <= 30)
    own = list(dict.fromkeys(own))
    cells = file.read([*own, *chosen.texts], list(chosen.numbers))
    lines = cells.lines.tolist()
    _check_names(source, header, [*chosen.numbers, *chosen.texts], cells)
    missing = {*source.missing}

    def column(name: str) -> Sequence[str | None]:
        return [None if cell in missing and name != source.id else cell for cell in cells.texts[name]]

    faults: list[Fault] = []
    repeated = source.timepoint is not None or source.lesion is not None
    owners = Owners([""] * len(lines), [], [])
    try:
        owners = owners_of(source, cohort, lines, column, roster, repeated=repeated)
    except ConfigError as error:
        faults += error.faults
    timepoints = _timepoints(source, cohort, column, lines, faults)
    lesions = _lesions(source, column, lines, faults)
    keys = list(zip(owners.patients, timepoints, lesions, strict=True))
    if repeated and not faults:
        faults += _twice(source, keys, lines)
    kept, texts_left = _numbers(source, chosen, cells, faults)
    texts = {chosen.texts[name].name: column(name) for name in chosen.texts}
    for name, one in chosen.texts.items():
        unknown = sorted(
            {cell for cell in texts[one.name] if cell is not None and cell not in one.levels} if one.levels else ()
        )
        if unknown:
            where = f"{source.path}, column {name}"
            hint = "add them to the levels in categories, or to missing"
            faults.append(Fault(where, "codes that are no levels", shown(unknown), ", ".join(one.levels), hint))
    if faults:
        raise ConfigError(faults)
    slots = [i for i, name in enumerate(chosen.numbers) if name in kept]
    numbers = cells.numbers if len(slots) == len(chosen.numbers) else cells.numbers[slots]
    columns = [chosen.numbers[name] for name in chosen.numbers if name in kept] + list(chosen.texts.values())
    return Part(source, owners, keys, lines, columns, numbers, texts, _said(chosen, texts_left))


def _check_names(source: ReadyTable, header: list[str], names: list[str], cells: Cells) -> None:
    """Raises ConfigError if names of columns hold ids of patients; the names are not shown."""
    held = names_with_ids(names, {*cells.texts[source.id]} if source.id in cells.texts else set())
    if held:
        places = some_places([f"{header.index(names[i]) + 1}" for i in held], "columns")
        hint = "rename them, or leave them out by exclude"
        raise ConfigError([Fault(source.path, "names of columns hold patient ids", places, hint=hint)])


def _numbers(source: ReadyTable, chosen: Chosen, cells: Cells, faults: list[Fault]) -> tuple[set[str], list[str]]:
    """Columns that are numbers, and those that a pattern took and that hold texts alone."""
    texts = []
    wrong: dict[str, Odd] = {}
    for i, name in enumerate(chosen.numbers):
        odd = cells.odd.get(name)
        if odd is None:
            continue
        if name not in source.named and not np.isfinite(cells.numbers[i]).any() and odd.word.casefold() not in SPOKEN:
            texts.append(name)
        else:
            wrong[name] = odd
    if wrong:
        faults.append(_no_numbers(source, wrong))
    return {*chosen.numbers} - {*texts}, texts


def _no_numbers(source: ReadyTable, wrong: Mapping[str, Odd]) -> Fault:
    """One fault for all cells of a table that are no numbers; those that may be ids are not shown."""
    words = [word for word in dict.fromkeys(odd.word for odd in wrong.values()) if word.casefold() in SPOKEN]
    found = [f"column {name}: {odd.count} in {some_rows(odd.lines)}" for name, odd in wrong.items()]
    found = [*found[:10], *([f"{counted(len(found) - 10, 'column')} more"] if len(found) > 10 else [])]
    said = f" ({', '.join(words)})" if words else ""
    hint = (
        f"if they mean missing, add their codes{said} to missing; codes of a category need their levels in categories"
    )
    other = "," if source.decimal == "." else "."
    if all(parse_number(odd.word, other) is not None for odd in wrong.values()):
        hint = f'if the decimal sign is "{other}", declare decimal: "{other}"'
    what = "cells of features are no numbers"
    return Fault(source.path, what, "; ".join(found), f'finite numbers with "{source.decimal}"', hint)


def _said(chosen: Chosen, texts: Sequence[str]) -> str:
    """What was left out of what a pattern took, in words; "" if nothing was."""
    said = []
    if chosen.diagnostics:
        said.append(f"{_several(chosen.diagnostics)} about the extraction, as {chosen.writer} writes them")
    if texts:
        said.append(f"{_several(texts)} of texts")
    if chosen.unnamed:
        said.append(f"{chosen.unnamed} without a name")
    return ", ".join(said)


def _several(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{len(names)} ({', '.join(names[:3])}{more})"


def _timepoints(
    source: ReadyTable, cohort: Cohort, column: Cut, lines: Sequence[int], faults: list[Fault]
) -> list[str]:
    if source.timepoint is None:
        return [source.known_at] * len(lines)
    codes = source.timepoint.codes or {word: word for word in cohort.timepoints}
    cells = column(source.timepoint.column)
    unknown = sorted({cell or "" for cell in cells if cell not in codes})
    if unknown:
        where = f"{source.path}, column {source.timepoint.column}"
        hint = "say in codes which time point they mean"
        faults.append(Fault(where, "values are no time points", shown(unknown), ", ".join(codes), hint))
    return [codes.get(cell or "", "") for cell in cells]


def _lesions(source: ReadyTable, column: Cut, lines: Sequence[int], faults: list[Fault]) -> list[str]:
    if source.lesion is None:
        return [""] * len(lines)
    cells = [cell or "" for cell in column(source.lesion)]
    wrong = [line for line, cell in zip(lines, cells, strict=True) if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", cell)]
    if wrong:
        where = f"{source.path}, column {source.lesion}"
        faults.append(Fault(where, "names of lesions do not fit", some_rows(wrong), "letters, digits, _ and -"))
    return cells


def _twice(source: ReadyTable, keys: Sequence[Key], lines: Sequence[int]) -> list[Fault]:
    seen: set[Key] = set()
    wrong = [line for line, key in zip(lines, keys, strict=True) if key in seen or seen.add(key)]  # type: ignore[func-returns-value]
    words = " and ".join(word for word, there in (("time point", source.timepoint), ("lesion", source.lesion)) if there)
    return [Fault(source.path, f"a patient's {words} stands twice", some_rows(wrong))] if wrong else []


def _facts(parts: Sequence[Part], faults: list[Fault]) -> tuple[Column, ...]:
    """Key columns of the block, which all of its tables must have alike."""
    shapes = {(part.source.timepoint is not None, part.source.lesion is not None) for part in parts}
    if len(shapes) > 1:
        what = "some tables of the block have a column of time points or lesions, and others have none"
        faults.append(Fault(parts[0].source.path, what, hint="give them blocks of their own"))
    has_timepoint, has_lesion = max(shapes, default=(False, False))
    has_split = any(part.source.split is not None for part in parts)
    extra = ((TIMEPOINT, has_timepoint), (LESION, has_lesion), (SPLIT, has_split))
    return (*KEY, *(column for column, there in extra if there))


def _merged_columns(parts: Sequence[Part], faults: list[Fault]) -> list[Column]:
    columns: dict[str, Column] = {}
    for part in parts:
        for column in part.columns:
            first = columns.setdefault(column.name, column)
            if (first.unit, first.type, first.levels) != (column.unit, column.type, column.levels):
                what = f'the column "{column.name}" means something else in another table of the block'
                found, allowed = (f"{one.type} {one.unit}".strip() for one in (column, first))
                faults.append(Fault(part.source.path, what, found, allowed))
    return list(columns.values())


def _merged_rows(parts: Sequence[Part], faults: list[Fault]) -> tuple[dict[Key, int], dict[str, str], dict[str, str]]:
    """The place of each row; centre, and part of the split, of each patient."""
    rows: dict[Key, int] = {}
    centres: dict[str, str] = {}
    splits: dict[str, str] = {}
    for part in parts:
        elsewhere: dict[tuple[str, str], list[str]] = {}
        torn: list[str] = []
        for key, line, centre, split in zip(part.keys, part.lines, part.owners.centres, part.owners.parts, strict=True):
            rows.setdefault(key, len(rows))
            if centres.setdefault(key[0], centre) != centre:
                elsewhere.setdefault((centre, centres[key[0]]), []).append(f"row {line}")
            if split is not None and splits.setdefault(key[0], split) != split:
                torn.append(f"row {line}")
        faults += [two_centres(part.source.path, *pair, places) for pair, places in elsewhere.items()]
        if torn:
            faults.append(two_parts(part.source.path, torn))
    return rows, centres, splits


def _values(
    parts: Sequence[Part], columns: Sequence[Column], rows: dict[Key, int], faults: list[Fault]
) -> tuple[NDArray[np.float64], dict[str, list[str | None]]]:
    """Numbers (columns of numbers, rows) and texts of the block; those of its only table are not copied."""
    slot = {column.name: i for i, column in enumerate(c for c in columns if c.type == "float64")}
    texts: dict[str, list[str | None]] = {c.name: [None] * len(rows) for c in columns if c.type != "float64"}
    if len(parts) == 1:
        return parts[0].numbers, {name: list(cells) for name, cells in parts[0].texts.items()}
    numbers = np.full((len(slot), len(rows)), np.nan)
    for part in parts:
        place = np.array([rows[key] for key in part.keys], np.int64)
        twice = np.zeros(len(place), bool)
        own = [column.name for column in part.columns if column.type == "float64"]
        for name, cells in zip(own, part.numbers, strict=True):
            line = numbers[slot[name]]
            before, known = line[place], np.isfinite(cells)
            twice |= np.isfinite(before) & known
            line[place] = np.where(known, cells, before)
        for name, words in part.texts.items():
            for i, (at, word) in enumerate(zip(place.tolist(), words, strict=True)):
                twice[i] |= word is not None and texts[name][at] is not None
                texts[name][at] = texts[name][at] if word is None else word
        if twice.any():
            places = [f"row {part.lines[i]}" for i in np.flatnonzero(twice).tolist()]
            faults.append(given_twice(part.source.path, "these columns", places))
    return numbers, texts


def _array(line: NDArray[np.float64]) -> pa.Array:
    """Numbers as they are in memory, null where NaN. (`pa.array` would import pandas for them.)"""
    known = ~np.isnan(line)
    mask = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(pa.float64(), line.size, [mask, pa.py_buffer(line)])


def _left_out(name: str, parts: Sequence[Part]) -> list[Quarantined]:
    """For each table, what of the columns that its patterns took is not in the block."""
    return [
        Quarantined(
            name,
            part.owners.centres[0] if len({*part.owners.centres}) == 1 else "",
            "",
            "",
            "tables",
            "TAB_LEFT_OUT",
            f"columns of {part.source.block} were left out: {part.left_out}",
            {"column": part.source.block},
        )
        for part in parts
        if part.left_out
    ]


def _missing(
    name: str, block: str, centres: Sequence[str | None], numbers: NDArray[np.float64], slot: dict[str, int]
) -> list[Quarantined]:
    """Centres that lack more than half of a column's values."""
    found = []
    known = np.array(centres, dtype=object)
    for centre in sorted({*centres} - {None}):  # type: ignore[type-var]
        chosen = known == centre
        lacking = sum(2 * int(np.isnan(line[chosen]).sum()) > int(chosen.sum()) for line in numbers)
        if lacking:
            message = f"missing in more than half of the rows: {lacking} of {counted(len(slot), 'column')} of {block}"
            details: dict[str, float | int | str] = {"column": block, "columns": lacking}
            found.append(Quarantined(name, str(centre), "", "", "tables", "TAB_MISSING", message, details))
    return found
