"""Ready-made tables in the catalog: what they read, and which faults are found before any file is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.core.catalog.catalog import Catalog, load_catalog
from features.core.catalog.ready_table import ReadyTable
from features.core.errors import ConfigError
from features.results.schemas import ASSOCIATION_TABLES, FIXED, STUDY_TABLES
from tests.support.catalog import cohort_of, write_catalog

READY = {"block": "radiomics_ct", "path": "ct.csv", "id": "ID"}
DEATH = {"death": {"type": "flag", "description": "died", "role": "outcome"}}


def load(folder: Path, *tables: dict[str, Any], **settings: Any) -> Catalog:
    return load_catalog(write_catalog(folder, demo=cohort_of(tables=list(tables), **settings)))


def faults(folder: Path, *tables: dict[str, Any], **settings: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, *tables, **settings)
    return [str(fault).partition(": ")[2] for fault in caught.value.faults]


def test_a_cohort_needs_no_images_and_a_block_any_word(tmp_path: Path) -> None:
    catalog = load(tmp_path, READY, {**READY, "block": "proteins", "split": "set", "timepoint": "visit"})
    one, two = catalog.cohort("demo").tables
    assert (type(one), one.block, two.block) == (ReadyTable, "radiomics_ct", "proteins")
    assert (two.own, two.split and two.split.train) == ({"ID", "set", "visit"}, ("train",))


def test_patterns_take_what_no_other_key_names() -> None:
    table = ReadyTable.model_validate(
        {**READY, "columns": ["original_*", "age"], "exclude": ["*_Mean"], "lesion": "original_lesion"}
    )
    names = ["ID", "original_lesion", "original_x", "original_Mean", "age", "sex"]
    assert [name for name in names if table.takes(name)] == ["original_x", "age"]
    assert not table.takes("original_x", others={"original_x"})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"block": "region"}, "a word of radweave's own"),
        ({"block": "pyradiomics"}, "a word of radweave's own"),
        ({"block": "scans"}, "a word of radweave's own"),
        ({"block": "a__b"}, "tables.0.block: String should match pattern"),
        ({"block": "clinicl", "columns": {"age": "Age"}}, '"clinicl" is a block of ready-made features; the keys'),
        ({"colums": ["a"]}, 'unknown key "cohorts.demo.tables.0.colums"'),
        ({"known_at": "week"}, 'unknown time point; found "week"; allowed: baseline'),
        ({"timepoint": {"column": "v", "codes": {1: "week"}}}, 'unknown time point; found "week"'),
        ({"centre": {"column": "site", "codes": {"1": "C"}}}, 'unknown centre; found "C"; allowed: A'),
        ({"centre": "C"}, 'unknown centre; found "C"; allowed: A'),
        ({"split": {"column": "set", "train": ["x"], "test": ["x"]}}, 'the value "x" cannot mean both train and test'),
        ({"columns": ["ID"]}, 'the column "ID" cannot be both a feature and what another key names'),
        ({"shared": True}, "shared belongs to the type text"),
        ({"categories": {"f": []}}, 'the levels of the category "f" are none'),
        ({"columns": ["os_days"]}, 'the column "os_days" looks like an outcome; found os'),
        (
            {**READY, "written_by": "pyradiomic"},
            'cohorts.demo.tables.0.written_by: unknown kind "pyradiomic"; allowed: captk, lifex, mirp, plain, pyradiomics; '
            "did you mean \"pyradiomics\"?; found 'pyradiomic'",
        ),
    ],
)
def test_faults_of_a_ready_made_table(tmp_path: Path, table: dict[str, Any], message: str) -> None:
    (fault,) = faults(tmp_path, {**READY, **table})
    assert message in fault


def test_a_cohort_without_images_and_tables_holds_nothing(tmp_path: Path) -> None:
    assert faults(tmp_path) == ["the cohort has neither images nor tables"]


def test_some_table_tells_the_centre(tmp_path: Path) -> None:
    centres = {"centres": {"A": {}, "B": {}}}
    (fault,) = faults(tmp_path, READY, **centres)
    assert fault.startswith("the table does not name its centre; allowed: A, B; the centre, or its column")
    told = {**READY, "block": "other", "centre": {"column": "site"}}
    load(tmp_path, READY, told, **centres)
    assert len(faults(tmp_path, READY, told, **centres, id_form="prefix")) == 1


def test_an_outcome_is_left_out_by_patterns_and_never_named(tmp_path: Path) -> None:
    clinical = {"block": "clinical", "path": "./ct.csv", "id": "ID", "columns": {"death": "Target"}}
    load(tmp_path, READY, clinical, variables=DEATH)
    (fault,) = faults(tmp_path, {**READY, "columns": ["Target"]}, clinical, variables=DEATH)
    assert 'the column "Target" is the outcome "death", and the block radiomics_ct reads it' in fault


def test_no_block_has_the_name_of_a_table_of_the_mart_or_of_studies() -> None:

    for schema in (*FIXED, *STUDY_TABLES, *ASSOCIATION_TABLES):
        with pytest.raises(ValueError, match="is a word of radweave's own"):
            ReadyTable(block=schema.name, path="x.csv", id="id")
