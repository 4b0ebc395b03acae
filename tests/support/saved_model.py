"""A final model in a folder of its own, without a study run, a mart or a card."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from features.core.design import Design
from features.core.storage.seal import json_bytes
from features.core.storage.table import parquet_bytes
from features.results.models import ARRAYS, SCHEMA, write_model
from tasks.modelling.evaluation.fit_final import fit_final
from tasks.modelling.saved.arrays_table import arrays_table
from tasks.modelling.saved.model_schema import COLUMN_KEYS
from tasks.modelling.saved.saved_final import saved
from tests.support.design import make_study


def save_model(folder: Path, design: Design, model: Any, blocks: list[str]) -> str:
    """A final model of a design, saved as a study does, without its card."""
    study = make_study(models=[model], blocks={"all": blocks})
    final = fit_final(design, study, "all", study.models[0].name)
    facts, arrays = saved(final)
    columns = [{**dict.fromkeys(COLUMN_KEYS, ""), "name": name} for name in final.columns.names.tolist()]
    files = {ARRAYS: bytes(parquet_bytes(arrays_table(arrays), {})), SCHEMA: json_bytes({"columns": columns})}
    write_model(folder, files, facts)
    return str(folder)
