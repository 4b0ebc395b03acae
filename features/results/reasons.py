"""The rows of quarantine and warnings: why, of which files, and since which refresh."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Literal

import pyarrow as pa

from features.core.quarantine import TRANSIENT, Quarantined
from features.core.storage.table import Schema
from features.results.prefixes import RESULT
from features.results.scan_name import SCAN

RUN = "run"
_IDENTITY = (*SCAN, "stage", "code", "details", "digests")  # what makes it the row of the refresh before


def reason_table(
    schema: Schema,
    found: Iterable[tuple[Quarantined, str]],
    severity: Literal["error", "warning"],
    before: pa.Table | None,
) -> Callable[[int], pa.Table]:
    """The table for a refresh of a given number. Rows stand with the address of the result that says so.

    A row that stood in the table before keeps the number of the refresh in which it first appeared.
    """
    rows = [_row(row, address, severity) for row, address in sorted(found, key=lambda pair: _order(pair[0]))]
    since: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for row in before.to_pylist() if before is not None and RUN in before.schema.names else []:
        since[tuple(row[name] for name in _IDENTITY)].append(row[RUN])
    known = [since[tuple(row[name] for name in _IDENTITY)] for row in rows]
    runs = [numbers.pop(0) if numbers else None for numbers in known]
    return lambda refresh: schema.table(
        {**row, RUN: refresh if run is None else run} for row, run in zip(rows, runs, strict=True)
    )


def _row(row: Quarantined, address: str, severity: str) -> dict[str, object]:
    return {
        **asdict(row),
        "severity": severity,
        "details": json.dumps(row.details, sort_keys=True),
        "digests": ",".join(row.digests),
        "retryable": row.code in TRANSIENT,
        RESULT: address,
    }


def _order(row: Quarantined) -> tuple[str, ...]:
    return row.case, row.image, row.roi, row.stage, row.code, json.dumps(row.details, sort_keys=True)
