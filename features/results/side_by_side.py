"""Files of a block side by side: each holds the columns of one recipe, for the cases that have a result of it."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from features.core.storage.table import Schema
from features.results.schemas import KEY

KEYS = tuple(column.name for column in KEY)


def side_by_side(parts: Sequence[pa.Table]) -> pa.Table:
    """One row per case of any part, in the order of the case ids; null where a part does not have the case. No parts: no rows.

    Every part has `case`, which is unique, and the same of the other key columns; no other column is in two parts. A fact
    that differs between parts (the centre of a case with images of two) is that of the last one.
    """
    if not parts:
        return Schema("cases", KEY).arrow.empty_table()
    if len(parts) == 1:
        return parts[0]
    names = [name for name in KEYS if name in parts[0].schema.names]
    keys = [part.select(names) for part in parts]
    cases = keys[-1]
    if not all(one["case"].equals(cases["case"]) for one in keys):
        last = [(name, "last") for name in names if name != "case"]
        cases = pa.concat_tables(keys).group_by("case", use_threads=False).aggregate(last)
        cases = cases.rename_columns(["case", *(name for name, _ in last)]).select(names).sort_by("case")
    found = {name: cases[name] for name in names}
    for part in parts:
        own = part.drop_columns(names)
        if not part["case"].equals(cases["case"]):
            own = own.take(pc.index_in(cases["case"], value_set=part["case"].combine_chunks()))
        found |= dict(zip(own.schema.names, own.columns, strict=True))
    return pa.table(found)
