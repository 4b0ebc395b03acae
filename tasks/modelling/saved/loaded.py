"""A saved model, read from its folder: every file is checked first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.core.errors import RadweaveError
from features.core.storage.table import read_table
from features.results.models import ARRAYS, SCHEMA, checked_file, read_model
from features.results.runs import MODEL
from tasks.modelling.evaluation.final import Final
from tasks.modelling.saved.arrays_table import arrays_of
from tasks.modelling.saved.model_schema import check_schema
from tasks.modelling.saved.saved_final import final_of


@dataclass(frozen=True, eq=False)
class Loaded:
    """facts: what model.json says. schema: what its columns are."""

    final: Final
    facts: Mapping[str, Any]
    schema: Mapping[str, Any]


def load_model(folder: Path) -> Loaded:
    """A model. Raises DamagedError for a changed or missing file; RadweaveError for another format, or a schema that lacks what it
    has to say.
    """
    facts = read_model(folder)
    schema = json.loads(checked_file(folder, SCHEMA, facts["files"][SCHEMA])) if SCHEMA in facts["files"] else None
    if not isinstance(schema, dict):
        raise RadweaveError(f"{folder}: it has no {SCHEMA}: what its columns are is not known")
    try:
        final = final_of(facts, arrays_of(read_table(folder / ARRAYS)))
        check_schema(schema, final)
    except RadweaveError as error:
        raise type(error)(f"{folder / MODEL}: {error}") from error
    return Loaded(final, facts, schema)
