"""PatientTable: a block with one row per patient, whatever the columns mean."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from features.core.quarantine import Quarantined
from features.core.table import Column

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
