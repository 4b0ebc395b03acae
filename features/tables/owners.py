"""Owners: whose the rows of a table are: the patient, the centre, and the part of a given split, of each row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from features.core.catalog.catalog import Cohort
from features.core.catalog.genomic_source import MatrixTable
from features.core.catalog.row_columns import CentreColumn, SplitColumn
from features.core.catalog.table_source import NUMBERED, TableSource
from features.core.column import Column
from features.core.errors import ConfigError, Fault, did_you_mean
from features.core.pseudonym import canonical_id
from features.tables.files import normalise_ids, require, some_rows
from features.tables.open_table import open_table

SPLIT = Column("split", "string", "given split: train, or test (held out)", role="fact", levels=("train", "test"))
_MOST_SHOWN = 10  # of codes; more different values are ids or texts
Roster = Callable[[], Mapping[str, str]]  # patient → centre, of the tables that tell it; called only where it is needed


@dataclass(frozen=True)
class Owners:
    """patients: normalised ids, centres: their centres, parts: train, test, or None where no split is declared; (rows,)."""

    patients: Sequence[str]
    centres: Sequence[str]
    parts: Sequence[str | None]

    def unlike(self, lines: Sequence[int], source: TableSource) -> list[Fault]:
        """Faults of patients who stand in several rows under different centres or parts of the split."""
        faults = []
        for what, found in (("centres", self.centres), ("parts of the split", self.parts)):
            first: dict[str, str | None] = {}
            wrong = [
                line
                for line, patient, word in zip(lines, self.patients, found, strict=True)
                if first.setdefault(patient, word) != word
            ]
            if wrong:
                faults.append(Fault(source.path, f"patients stand in two {what}", some_rows(wrong)))
        return faults


def owners_of(
    source: TableSource,
    cohort: Cohort,
    lines: Sequence[int],
    column: Callable[[str], Sequence[str | None]],
    roster: Roster,
    *,
    repeated: bool = False,
) -> Owners:
    """The owners of the rows of a table. lines: of the rows, for messages; column: its cells by name.

    A table without a centre takes it from `roster`, where the cohort has several. repeated: whether a patient may stand in
    several rows. Raises ConfigError for ids as `normalise_ids`, codes of no centre, patients without one or with two, and
    cells of the split that are neither train nor test.
    """
    count = len(lines)
    written = [f"{i}" for i in range(1, count + 1)] if source.id == NUMBERED else column(source.id)
    keys = [canonical_id(cell or "") for cell in written]
    faults: list[Fault] = []
    centres: Sequence[str] | None = None
    if isinstance(source.centre, CentreColumn):
        centres = _centres(source, source.centre, cohort, column, lines, faults)
    elif source.centre is not None or len(cohort.centres) == 1:
        centres = [source.centre or next(iter(cohort.centres))] * count
    parts: Sequence[str | None] = [None] * count
    if source.split is not None:
        parts = _parts(source, source.split, column, faults)
    patients: list[str] = [""] * count
    try:
        patients = _patients(source, cohort, keys, lines, centres, repeated=repeated)
    except ConfigError as error:
        faults += error.faults
    if faults:
        raise ConfigError(faults)
    if centres is None:
        known = roster()
        lost = [line for line, patient in zip(lines, patients, strict=True) if patient not in known]
        if lost:
            hint = "name the centre of the table, or its column: {column: NAME}"
            raise ConfigError([Fault(source.path, "no table tells the centre of patients", some_rows(lost), "", hint)])
        centres = [known[patient] for patient in patients]
    found = Owners(patients, centres, parts)
    if faults := found.unlike(lines, source):
        raise ConfigError(faults)
    return found


def owner_columns(source: TableSource) -> list[str]:
    """Columns that `owners_of` reads."""
    centre = [source.centre.column] if isinstance(source.centre, CentreColumn) else []
    split = [source.split.column] if source.split else []
    return list(dict.fromkeys([*([] if source.id == NUMBERED else [source.id]), *centre, *split]))


def read_owners(root: Path, source: TableSource, cohort: Cohort, roster: Roster = dict) -> Owners:
    """The owners of the rows of a table file, whatever its columns mean. Raises ConfigError."""
    file = open_table(root, source)
    wanted = owner_columns(source)
    require(list(file.header), wanted, source, show=False)
    cells = file.read(wanted, [])
    missing = {*source.missing}

    def column(name: str) -> Sequence[str | None]:
        return [None if cell in missing and name != source.id else cell for cell in cells.texts[name]]

    return owners_of(source, cohort, cells.lines.tolist(), column, roster, repeated=True)


def centre_roster(root: Path, cohort: Cohort) -> Roster:
    """Centres of patients by the tables that name or hold them; read once, when somebody asks.

    Faults of these tables are told where their blocks are read. Tables with genes in the rows are not asked.
    """
    found: dict[str, str] | None = None

    def roster() -> Mapping[str, str]:
        nonlocal found
        if found is None:
            found = {}
            for source in cohort.tables:
                if source.centre is None or (isinstance(source, MatrixTable) and source.rows == "genes"):
                    continue
                try:
                    owners = read_owners(root, source, cohort)
                except ConfigError:
                    continue
                found |= dict(zip(owners.patients, owners.centres, strict=True))
        return found

    return roster


def _patients(
    source: TableSource,
    cohort: Cohort,
    keys: Sequence[str],
    lines: Sequence[int],
    centres: Sequence[str] | None,
    *,
    repeated: bool,
) -> list[str]:
    """Ids in the declared form, which may put the centre in front."""
    found = [""] * len(keys)
    by_centre: dict[str, list[int]] = {}
    for i, centre in enumerate(centres if centres is not None and cohort.id_form.prefix else [""] * len(keys)):
        by_centre.setdefault(centre, []).append(i)
    for centre, rows in by_centre.items():
        form = cohort.id_form.at(centre) if centre else cohort.id_form
        places = [f"{lines[i]}" for i in rows]
        ids = normalise_ids([keys[i] for i in rows], source, form, places, "rows", repeated=repeated)
        for i, patient in zip(rows, ids, strict=True):
            found[i] = patient
    return found


def _centres(
    source: TableSource,
    given: CentreColumn,
    cohort: Cohort,
    column: Callable[[str], Sequence[str | None]],
    lines: Sequence[int],
    faults: list[Fault],
) -> list[str]:
    cells = column(given.column)
    codes = given.codes or {centre: centre for centre in cohort.centres}
    where = f"{source.path}, column {given.column}"
    empty = [line for line, cell in zip(lines, cells, strict=True) if not cell]
    if empty:
        faults.append(Fault(where, "patients have no centre", some_rows(empty)))
    unknown = sorted({cell for cell in cells if cell and cell not in codes})
    if unknown:
        hint = did_you_mean(unknown[0], codes) or "declare the centre, or what the code means in codes"
        faults.append(Fault(where, "values are no centres", shown(unknown), ", ".join(codes), hint))
    return [codes.get(cell or "", "") for cell in cells]


def _parts(
    source: TableSource, given: SplitColumn, column: Callable[[str], Sequence[str | None]], faults: list[Fault]
) -> list[str | None]:
    cells = column(given.column)
    parts = [given.part(cell or "") for cell in cells]
    unknown = sorted({cell or "" for cell, part in zip(cells, parts, strict=True) if part is None})
    if unknown:
        where = f"{source.path}, column {given.column}"
        allowed = f"{', '.join(given.train)} (train), {', '.join(given.test)} (test)"
        hint = "say in split which values mean train and test"
        faults.append(Fault(where, "values of the split are neither train nor test", shown(unknown), allowed, hint))
    return parts


def shown(values: Sequence[str]) -> str:
    """Different values that were found, for a message. Where they are many, or long, they may be ids or texts of persons, and
    are not repeated.
    """
    if len(values) > _MOST_SHOWN:
        return f"{len(values)} different values"
    some = [f'"{value}"' if len(value) <= 20 else f"a text of {len(value)} characters" for value in values[:5]]
    return ", ".join(some) + (f" and {len(values) - 5} more" if len(values) > 5 else "")
