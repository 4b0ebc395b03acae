"""A design table on disk, for analysts and for whoever wants to repeat a study elsewhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.core.design import Design
from features.core.storage.table import write_table
from features.fusion.signature_columns import SignatureColumns

FACT = "cohort_table__"
OUTCOME = "outcome__"
SHOWN = "shown__"  # begins the names of columns of what networks are shown


def save_design(path: Path, design: Design, signatures: Sequence[SignatureColumns] = ()) -> None:
    """Write predictors, outcome and facts side by side; blocks, endpoint and flow of cases go into the provenance.

    signatures: those whose columns it has; their units and meanings stand there too. What networks are shown stands there by its
    address.
    """
    facts = design.cohort_table.add_prefix(FACT)
    told = pa.Table.from_pandas(pd.concat([facts, _seen(design)], axis=1).reset_index(drop=True), preserve_index=False)
    keys = {"case": design.X.index.to_numpy(), "group": design.groups, "group_centre": design.centres}
    keys |= {"held_out": design.held_out} if any(design.held_out) else {}
    arrays: dict[str, pa.Array] = {name: pa.array(values.astype(str), pa.string()) for name, values in keys.items()}
    if design.days is not None:
        arrays["day"] = pa.array(design.days, from_pandas=True)
    if design.days is not None or not design.scored.all():
        arrays["scored"] = pa.array(design.scored)
    arrays |= dict(zip(told.schema.names, told.columns, strict=True))
    arrays |= {f"{SHOWN}{word}": pa.array(shown.addresses, pa.string()) for word, shown in design.images.items()}
    arrays |= {str(name): pa.array(column.to_numpy(), from_pandas=True) for name, column in design.X.items()}
    table = pa.table(arrays)
    provenance = {
        "blocks": json.dumps(dict(design.blocks)),
        **({"parts": json.dumps(dict(design.parts))} if design.parts else {}),
        "endpoint": json.dumps(design.endpoint.model_dump(mode="json")),
        "flow": json.dumps([asdict(row) for row in design.flow]),
        "late": json.dumps(dict(sorted(design.late.items()))),
        "missing_block": json.dumps(dict(design.missing_block)),
    }
    described = {c: {"unit": one.unit, "description": one.meaning} for one in signatures for c in one.values.columns}
    provenance |= {"signatures": json.dumps(described)} if described else {}
    write_table(path, table, provenance)


def _seen(design: Design) -> pd.DataFrame:
    """What was seen: `event` and `time`, the `level` of several, `value`, or a column of each label."""
    outcome = design.outcome
    found: dict[str, Any] = {}
    if design.endpoint.has_events:
        found["event"] = design.event
    if outcome.days is not None:
        found["time"] = outcome.days
    if outcome.value is not None:
        found["value"] = outcome.value
    if outcome.code.ndim > 1:
        found |= {label: flags > 0 for label, flags in zip(outcome.levels, outcome.code.T, strict=True)}
    elif outcome.levels:
        found["level"] = np.array(outcome.levels, dtype=object)[outcome.code]
    return pd.DataFrame(found, index=design.X.index).add_prefix(OUTCOME)
