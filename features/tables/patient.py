"""PatientTable: a block with one row per patient, whatever the columns mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from features.core.column import Column
from features.core.errors import Fault
from features.core.quarantine import Quarantined
from features.core.wording import counted
from features.tables.files import some_places

KEY = (
    Column("patient", "string", "pseudonym of the patient", role="key"),
    Column("cohort", "string", "cohort of the catalog", role="fact"),
    Column("centre", "string", "contributing centre", role="fact"),
)


@dataclass(frozen=True)
class PatientTable:
    """Rows, their dictionary entries, what was rejected, and what is used but should be looked at.

    Quarantined rows and warnings of an endpoint or a column name it in their details.
    """

    table: pa.Table
    columns: tuple[Column, ...]
    quarantined: tuple[Quarantined, ...] = ()
    warnings: tuple[Quarantined, ...] = ()


def two_centres(path: str, centre: str, other: str, places: Sequence[str]) -> Fault:
    """One fault for all ids of a table that stand in the tables of another centre, too."""
    what = f"{_patients(places)} of centre {centre} {_stand(places)} in a table of centre {other}, too"
    return Fault(path, what, some_places(places, ""), hint="if they are different people, declare id_form: prefix")


def two_parts(path: str, places: Sequence[str]) -> Fault:
    """One fault for all patients of a table who are in the other part of the split in an earlier row or table."""
    what = f"{_patients(places)} {_stand(places)} in both parts of the split"
    return Fault(path, what, some_places(places, ""))


def given_twice(path: str, words: str, places: Sequence[str]) -> Fault:
    """One fault for all patients of a table who have the same columns from another one."""
    what = f"{_patients(places)} already {'has' if len(places) == 1 else 'have'} {words} from another table"
    return Fault(path, what, some_places(places, ""))


def _patients(places: Sequence[str]) -> str:
    return counted(len(places), "patient")


def _stand(places: Sequence[str]) -> str:
    return "stands" if len(places) == 1 else "stand"
