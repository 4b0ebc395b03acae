"""A design table on disk, for analysts and for whoever wants to repeat a study elsewhere."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pyarrow as pa

from features.core.design import Design
from features.core.storage.table import write_table

FACT = "cohort_table__"
OUTCOME = ("outcome__event", "outcome__time")


def save_design(path: Path, design: Design) -> None:
    """Write predictors, outcome and facts side by side; blocks, endpoint and flow of cases go into the provenance."""
    facts = design.cohort_table.add_prefix(FACT)
    outcome = {OUTCOME[0]: design.event}
    if design.endpoint.kind == "survival":
        outcome[OUTCOME[1]] = design.y["time"]
    frame = pd.concat([facts, pd.DataFrame(outcome, index=design.X.index), design.X], axis=1)
    keys = {"case": design.X.index.to_numpy(), "group": design.groups, "group_centre": design.centres}
    table = pa.Table.from_pandas(frame.reset_index(drop=True), preserve_index=False)
    for i, (name, values) in enumerate(keys.items()):
        table = table.add_column(i, name, pa.array(values.astype(str), pa.string()))
    provenance = {
        "blocks": json.dumps(dict(design.blocks)),
        "endpoint": json.dumps(design.endpoint.model_dump(mode="json")),
        "flow": json.dumps([asdict(row) for row in design.flow]),
        "late": json.dumps(dict(sorted(design.late.items()))),
        "missing_block": json.dumps(dict(design.missing_block)),
    }
    write_table(path, table, provenance)
