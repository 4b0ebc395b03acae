"""column_facts: what the dictionary says of the columns of a design, whose names it does not hold as they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from features.fusion.lesions import ENDINGS
from features.results.manifest import Mart

TOLD = ("unit", "type", "modality", "image", "roi", "recipe", "filter", "family", "ibsi", "description")
SAME = ("unit", "type", "modality", "image", "roi", "levels")  # what has to be the same wherever a model is used
Facts = dict[str, Any]


def column_facts(mart: Mart, cohort: str, columns: Iterable[str]) -> dict[str, Facts]:
    """Column → TOLD and its `levels`, of those that the dictionary of a cohort explains.

    A column that stands for a level has the facts of its variable, one of merged lesions those of each lesion, a change those of
    what changed.
    """
    known: dict[str, Facts] = {}
    for row in mart.read("dictionary", cohort).to_pylist():
        facts = _facts_of(row)
        for name in (row["name"], f"{row['block']}__{row['name']}"):
            for one in (name, *(f"{name}_{level}" for level in facts["levels"])):
                known.setdefault(one, facts)
    found = {column: _found(column, known) for column in columns}
    return {column: facts for column, facts in found.items() if facts is not None}


def _facts_of(row: Mapping[str, str]) -> Facts:
    return {**{name: row.get(name) or "" for name in TOLD}, "levels": json.loads(row.get("levels") or "[]")}


def _found(column: str, known: Mapping[str, Facts]) -> Facts | None:
    if column in known:
        return known[column]
    for ending in filter(None, ENDINGS.values()):
        if column.endswith(ending):
            return known.get(column.removesuffix(ending))
    if column.startswith("delta__"):
        parts = column.removeprefix("delta__").split("__")
        names = ("__".join(parts[:size]) for size in range(len(parts) - 1, 0, -1))
        return next((facts for name in names if (facts := _found(name, known)) is not None), None)
    return None
