"""Reports of a cohort's patients, as texts in memory. They are written nowhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from features.core.catalog.catalog import Cohort
from features.core.catalog.outcome_source import named_elsewhere
from features.core.catalog.ready_table import ReadyTable
from features.core.errors import ConfigError, Fault
from features.core.pseudonym import pseudonym
from features.tables.files import TextTable
from features.tables.open_table import open_table, read_columns
from features.tables.owners import Roster, owner_columns, owners_of
from features.tables.patient import two_centres


@dataclass(frozen=True, slots=True)
class Report:
    """What was written of a patient; `place`, from 0 to 1, is drawn by the id, whatever key makes the pseudonyms."""

    centre: str
    place: float
    text: str = field(repr=False)  # a text of a person: it is in no message


def read_reports(
    root: Path,
    name: str,
    cohort: Cohort,
    block: str,
    key: bytes,
    roster: Roster,
    centres: Mapping[str, str],
    faults: list[Fault],
) -> dict[str, Report]:
    """Pseudonym → report, of all patients with a text in a block of texts; several texts of a patient follow each other.

    centres: pseudonym → centre, as clinical tables tell it. Faults of the tables, such as a column that there is not, are
    added to `faults`.
    """
    found: dict[str, Report] = {}
    for source in cohort.tables:
        if not isinstance(source, ReadyTable) or source.block != block or source.type != "text":
            continue
        try:
            others = named_elsewhere(source, cohort.tables)
            header = open_table(root, source).header
            names = [name for name in dict.fromkeys((*header, *source.named)) if source.takes(name, others)]
            text = read_columns(root, source, [*names, *owner_columns(source)])
            owners = owners_of(source, cohort, text.rows, _cells_of(text), roster, repeated=True)
        except ConfigError as error:
            faults += error.faults
            continue
        columns = [text.column(name) for name in names]
        elsewhere: dict[tuple[str, str], list[str]] = {}
        for i, (patient, centre) in enumerate(zip(owners.patients, owners.centres, strict=True)):
            cell = "\n".join(part for column in columns if (part := column[i]) is not None and part.strip())
            if not cell:
                continue
            code = pseudonym(key, name, patient)
            before = found.get(code)
            known = before.centre if before is not None else centres.get(code, centre)
            if known != centre:
                elsewhere.setdefault((centre, known), []).append(f"row {text.rows[i]}")
                continue
            written = cell if before is None else f"{before.text}\n{cell}"
            found[code] = Report(centre, _place(name, patient), written)
        faults += [two_centres(source.path, *centres, places) for centres, places in elsewhere.items()]
    return found


def _cells_of(text: TextTable) -> Callable[[str], Sequence[str | None]]:
    """Cells of a table by the names of columns, its ids among them."""
    return lambda name: text.keys if name == text.source.id else text.column(name)


def _place(cohort: str, patient: str) -> float:
    digest = hashlib.sha256(f"{cohort}\0{patient}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
