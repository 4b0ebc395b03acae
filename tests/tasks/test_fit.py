"""fit: the tables of a study have the same columns and types in every study, also where they are empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.results.schemas import STUDY_TABLES
from tasks.fit import fit_models
from tasks.modelling.evaluation.kept_fits import KeptFits
from tasks.running.pool import Pool
from tasks.running.runners.threads import Threads
from tests.support.design import make_design, make_study


@pytest.mark.slow
def test_every_table_is_written_with_its_types(tmp_path: Path) -> None:
    with Pool(Threads(workers=1)) as pool:
        result = fit_models.fn(make_design(), make_study(), tmp_path, pool, KeptFits(Store(tmp_path / "store")))
    assert not result.copies
    found = {schema.name: read_table(tmp_path / f"{schema.name}.parquet") for schema in STUDY_TABLES}
    assert {name: table.schema for name, table in found.items()} == {one.name: one.arrow for one in STUDY_TABLES}
    assert {name for name, table in found.items() if not table.num_rows} == {
        "claims",
        "controls",
        "copies",
        "horizon_scores",
        "incidences",
        "label_noise",
        "risk_groups",
        "shares",
        "signature_scores",
        "worth",
    }
