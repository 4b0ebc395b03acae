"""Tables from Python: one whole refresh, levels in order, damage told, in pandas, pyarrow and polars."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import radweave
from features.core.column import Column
from features.core.storage.store import Store
from features.results.manifest import CohortState, newest
from features.tables.patient import KEY as PATIENT_KEY
from tests.support.mart import EXTRA, VOLUME, fill_store, publish_tables


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill_store(Store(tmp_path_factory.mktemp("python") / "store")).root


def test_a_table_is_that_of_one_refresh_over_all_cohorts(store: Path) -> None:
    region = radweave.read_table(str(store), "region")
    assert (len(region), region.attrs["refresh"]) == (4, 3)
    assert region["region__ct__volume_ml"].tolist() == [1.5, -2.0, 3.5, 9.0]
    earlier = radweave.read_table(store, "region", at=1)
    assert (earlier["region__ct__volume_ml"].tolist(), earlier.attrs["refresh"]) == ([1.25, -2.0, 3.5], 1)


def test_rows_and_columns_may_be_chosen(store: Path) -> None:
    found = radweave.read_table(store, "radiomics", columns=["*__pet__*"], cohort="two")
    assert found.columns.tolist() == ["case", "cohort", "centre", "patient", "timepoint", "lesion", EXTRA.name]
    assert found[EXTRA.name].tolist() == [4.0]
    assert radweave.read_table(store, "region", timepoint="week4")["case"].tolist() == ["one:p2:week4"]


def test_blocks_stand_side_by_side(store: Path) -> None:
    found = radweave.read_table(store, ["region", "clinical"], columns=[VOLUME.name, "clinical__age_years"])
    assert len(found) == 4
    assert found.set_index("case")["clinical__age_years"].dropna().to_dict() == {"one:p1:baseline": 61.5}
    told = radweave.read_dictionary(store, ["region", "clinical"])
    assert told.set_index("name").loc["clinical__age_years", "unit"] == "years"


@pytest.mark.parametrize(("form", "kind"), [("pandas", pd.DataFrame), ("arrow", pa.Table), ("polars", pl.DataFrame)])
def test_tables_come_as_what_is_asked_for(store: Path, form: Any, kind: type) -> None:
    for found in (
        radweave.read_table(store, "clinical", as_=form),
        radweave.read_dictionary(store, as_=form),
        radweave.query(store, "SELECT patient FROM clinical", as_=form),
    ):
        assert isinstance(found, kind)


def test_levels_are_ordered_categories(tmp_path: Path) -> None:
    stage = Column("stage", "string", "stage", levels=("low", "middle", "high"))
    rows = [
        {"patient": p, "cohort": "one", "centre": "A", "stage": s}
        for p, s in (("p1", "high"), ("p2", "low"), ("p3", None))
    ]
    publish_tables(Store(tmp_path), "one", CohortState(key="1"), {"clinical": ((*PATIENT_KEY, stage), rows)})
    for found in (
        radweave.read_table(tmp_path, "clinical"),
        radweave.read_table(tmp_path, "clinical", as_="arrow").to_pandas(),
    ):
        assert found["stage"].cat.categories.tolist() == ["low", "middle", "high"]
        assert found["stage"].cat.ordered
        assert (found["stage"] > "low").tolist() == [True, False, False]
    assert radweave.read_table(tmp_path, "clinical", as_="polars")["stage"].to_list() == ["high", "low", None]


def test_a_query_is_read_only(store: Path) -> None:
    assert radweave.query(store, "SELECT count(*) AS n FROM region")["n"].tolist() == [4]
    with pytest.raises(radweave.RadweaveError, match="allowed: SELECT"):
        radweave.query(store, "DROP TABLE region")


def test_words_that_fit_nothing_are_told(store: Path, tmp_path: Path) -> None:
    with pytest.raises(radweave.RadweaveError, match='there is no table "clincal".*Did you mean "clinical"'):
        radweave.read_table(store, "clincal")
    with pytest.raises(radweave.RadweaveError, match='no column fits "stag"; did you mean "stage"'):
        radweave.read_table(store, "clinical", columns=["stag"])
    with pytest.raises(radweave.RadweaveError, match='no row is of the cohort "three"; there are one'):
        radweave.read_table(store, "clinical", cohort="three")
    with pytest.raises(radweave.RadweaveError, match='as_: found "numpy"; allowed: pandas, arrow, polars'):
        radweave.read_table(store, "clinical", as_="numpy")  # type: ignore[call-overload]
    with pytest.raises(radweave.RadweaveError, match="scores: has no dictionary"):
        radweave.read_dictionary(store, "scores")
    with pytest.raises(radweave.StoreError, match="there is no store"):
        radweave.read_table(tmp_path / "none", "clinical")
    assert not (tmp_path / "none").exists()


def test_a_damaged_table_is_refused_and_spoils_no_other(store: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(store, tmp_path / "store", symlinks=True))
    file = place / newest(Store(place)).files["region/one"].path
    file.chmod(0o644)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(radweave.StoreError, match="is not the file that the manifest names"):
        radweave.read_table(place, "region")
    assert len(radweave.read_table(place, "clinical")) == 2
