"""Tables: the tables of a cohort's patients, read again or taken from the newest refresh if nothing changed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import accumulate, takewhile

import pyarrow as pa

from features.core.errors import Fault
from features.core.quarantine import Quarantined
from features.core.storage.table import column_of
from features.results.cases import PLACE
from features.results.known_results import KnownResults
from features.tables.patient import PatientTable
from features.tables.visit_days import TableDays

VISIT_ORDER = "VISIT_ORDER"  # told anew by every refresh: it depends on images, too


@dataclass(frozen=True)
class Tables:
    """What decides the tables, and how to get them by block; `load` may be called once or never. days: own days of patients."""

    key: str
    load: Callable[[], Mapping[str, PatientTable]]
    days: TableDays = field(default_factory=TableDays)


def known_tables(known: KnownResults) -> Mapping[str, PatientTable] | None:
    """The patient tables of the newest refresh as they were read then; None if one of them is damaged."""
    fixed: dict[str, list[dict[str, str]]] = {}
    for name in ("dictionary", "quarantine", "warnings"):
        kept = known.table(name)
        if kept is None:
            return None
        fixed[name] = kept.to_pylist()
    found: dict[str, PatientTable] = {}
    for block in known.manifest.patient_blocks(known.cohort):
        table = known.table(block)
        if table is None:
            return None
        described = {row["name"]: row for row in fixed["dictionary"] if row["block"] == block}
        columns = tuple(column_of(described[column]) for column in table.schema.names)
        notes = {
            name: tuple(
                _quarantined(row) for row in fixed[name] if row["stage"] == "tables" and row["code"] != VISIT_ORDER
            )
            for name in ("quarantine", "warnings")
        }
        first = not found  # a row of quarantine does not say which block it came from
        found[block] = PatientTable(table, columns, *(notes.values() if first else ((), ())))
    return found


def torn_patients(cohort: str, tables: Mapping[str, PatientTable]) -> list[Fault]:
    """Faults of tables that put patients into another part of the given split than a table before."""
    first: dict[str, tuple[str, str]] = {}
    torn: Counter[tuple[str, str]] = Counter()
    for block, one in tables.items():
        if "split" not in one.table.schema.names:
            continue
        rows = one.table.select(["patient", "split"]).group_by(["patient", "split"], use_threads=False).aggregate([])
        for row in rows.to_pylist():
            known, part = (
                first.setdefault(row["patient"], (block, row["split"])) if row["split"] else ("", row["split"])
            )
            torn[known, block] += bool(known) and part != row["split"]
    what = "patients are in one part of the split here, and in the other part in the block"
    return [
        Fault(f"cohort {cohort}, block {block}", f"{count} {what} {known}", allowed="one part for each patient")
        for (known, block), count in torn.items()
        if count
    ]


def without(tables: Mapping[str, PatientTable], withdrawn: Iterable[str]) -> Mapping[str, PatientTable]:
    """The tables without the patients (`cohort:patient`), and the rows of time points or lesions, that were withdrawn."""
    gone = frozenset(withdrawn)
    if not gone:
        return tables
    found = {}
    for block, one in tables.items():
        keys = one.table.select(["cohort", *takewhile(one.table.schema.names.__contains__, PLACE)]).to_pydict()
        ids = (list(accumulate(key, "{}:{}".format)) for key in zip(*keys.values(), strict=True))
        kept = pa.array([gone.isdisjoint(own) for own in ids], pa.bool_())
        notes = {
            name: tuple(row for row in getattr(one, name) if ":".join(row.case.split(":")[:2]) not in gone)
            for name in ("quarantined", "warnings")
        }
        found[block] = replace(one, table=one.table.filter(kept), **notes)
    return found


def days_without(days: TableDays, cohort: str, withdrawn: Iterable[str]) -> TableDays:
    """The days without those of patients (`cohort:patient`), or of time points, that were withdrawn."""
    gone = frozenset(withdrawn)
    kept = {
        place: day for place, day in days.days.items() if gone.isdisjoint(accumulate((cohort, *place), "{}:{}".format))
    }
    return replace(days, days=kept)


def _quarantined(row: Mapping[str, str]) -> Quarantined:
    names = ("cohort", "centre", "case", "modality", "stage", "code", "message")
    return Quarantined(**{name: row[name] for name in names}, details=json.loads(row["details"]))  # type: ignore[arg-type]
