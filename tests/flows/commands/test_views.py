"""What SQL sees of the store, and what it can never do."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from features.core.column import Column
from features.core.errors import RadweaveError, StoreError
from features.core.storage.place import open_place
from features.core.storage.store import Store
from features.core.storage.table import parquet_bytes, write_table
from features.results.manifest import CohortState, newest
from features.results.schemas import ASSOCIATION_TABLES, KEY, STUDY_TABLES
from features.results.side_by_side import side_by_side
from features.tables.patient import KEY as PATIENT_KEY
from flows.commands import joined_files
from flows.commands.export import read_export
from flows.commands.joined_files import JoinedFiles
from flows.commands.views import Views, joined_names, quoted, relation_table
from tests.support.mart import AGE, VOLUME, fill_store, publish_tables

pytestmark = pytest.mark.slow


def rows(views: Views, sql: str) -> list[tuple]:
    return views.ask(sql).fetchall()


def test_cohorts_with_other_columns_are_one_view_with_all_columns(small: Store) -> None:
    views = Views(small)
    sql = 'SELECT "case", pyradiomics__pet__firstorder_Mean FROM radiomics ORDER BY 1'
    assert rows(views, sql) == [("one:p1:baseline", None), ("one:p2:baseline", None), ("two:p1:baseline", 4.0)]


def test_earlier_refreshes_answer_as_they_did(small: Store) -> None:
    sql = "SELECT region__ct__volume_ml FROM region WHERE cohort = 'one' AND patient = 'p1'"
    assert rows(Views(small), sql) == rows(Views(small, 3), sql) == [(1.5,)]
    assert rows(Views(small, 1), sql) == rows(Views(small, 2), sql) == [(1.25,)]
    assert rows(Views(small, 1), "SELECT DISTINCT cohort FROM region") == [("one",)]
    with pytest.raises(StoreError, match="there is no refresh 7; kept: 1, 2, 3"):
        Views(small, 7)


def test_cases_has_a_row_per_case_with_all_blocks_beside_it(small: Store) -> None:
    found = relation_table(Views(small).ask('SELECT * FROM cases ORDER BY "case"')).to_pandas().set_index("case")
    assert list(found.index) == ["one:p1:baseline", "one:p2:baseline", "one:p2:week4", "two:p1:baseline"]
    assert list(found["clinical__age_years"].fillna(-1)) == [61.5, -1, -1, -1]
    assert list(found["genomic__TP53"].fillna(-1)) == [-1, 7.25, 7.25, -1]
    assert list(found["pyradiomics__ct__shape_Sphericity"].fillna(-1)) == [0.5, -1, -1, 0.7]
    assert list(found["region__ct__volume_ml"]) == [1.5, -2.0, 3.5, 9.0]
    assert list(found["centre"]) == ["A"] * 4


def test_names_of_the_joined_table_do_not_clash() -> None:
    names = joined_names({"radiomics": ["case", "centre", "x"], "clinical": ["centre", "x"], "genomic": ["x"]})
    assert names["x"] == ("radiomics", "x")
    assert names["clinical__x"] == ("clinical", "x")
    assert names["genomic__x"] == ("genomic", "x")
    assert list(joined_names({"clinical": ["x"], "genomic": ["x"]}))[:3] == ["patient", "cohort", "centre"]


@pytest.fixture
def damaged(copied: Store) -> tuple[Store, Path]:
    """A store, and the file of cohort one's newest table of regions in it."""
    file = newest(copied).file("region", "one")
    assert file is not None
    return copied, copied.root / file.path


def page_of(path: Path, column: str) -> int:
    """A byte in the middle of a column's values."""
    group = pq.read_metadata(path).row_group(0)
    chunk = next(c for c in map(group.column, range(group.num_columns)) if c.path_in_schema == column)
    return int(chunk.data_page_offset + chunk.total_compressed_size - 3)


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_a_flipped_bit_is_named_before_a_wrong_value_is_shown(damaged: tuple[Store, Path]) -> None:
    store, path = damaged
    flip(path, page_of(path, "region__ct__volume_ml"))
    with pytest.raises(StoreError, match=f"{path.name}: is not the file that the manifest names"):
        Views(store).ask("SELECT sum(region__ct__volume_ml) FROM region")
    with pytest.raises(StoreError, match="radweave verify"):
        Views(store).ask("SELECT sum(region__ct__volume_ml) FROM cases")


def test_the_other_tables_can_still_be_asked(damaged: tuple[Store, Path]) -> None:
    store, path = damaged
    flip(path, page_of(path, "region__ct__volume_ml"))
    assert rows(Views(store), "SELECT count(*) FROM clinical") == [(2,)]


def test_a_flipped_bit_on_object_storage_is_found(s3: str) -> None:
    store = Store(open_place(f"{s3}/store"))
    fill_store(store)
    relation_table(Views(store).ask("SELECT region__ct__volume_ml FROM region"))
    path = store.root / newest(store).files["region/one"].path
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreError, match=f"{path.name}: is not the file that the manifest names"):
        Views(store).ask("SELECT count(*) FROM region")


def test_a_short_or_missing_file_is_named(damaged: tuple[Store, Path]) -> None:
    store, path = damaged
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(StoreError, match=f"{path.name}: is not the file that the manifest names"):
        Views(store).ask("SELECT count(*) FROM region")
    path.unlink()
    with pytest.raises(StoreError, match=f"{path.name}: is not the file that the manifest names"):
        Views(store).table("region")
    assert rows(Views(store), "SELECT count(*) FROM clinical") == [(2,)]


def test_of_a_block_of_several_files_only_the_columns_asked_for_are_read(
    copied: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    views, read = Views(copied), list[list[str]]()
    table = views.table("radiomics")
    assert isinstance(table, JoinedFiles)
    monkeypatch.setattr(
        joined_files, "side_by_side", lambda parts: read.extend(t.schema.names for t in parts) or side_by_side(parts)
    )
    sql = "SELECT pyradiomics__pet__firstorder_Mean FROM radiomics WHERE centre = 'A' AND pyradiomics__ct__shape_Sphericity > 0.6"
    assert rows(views, sql) == [(4.0,)]
    assert [len(names) for names in read] == [3, 3, 3]  # case and centre, and a feature each
    read.clear()
    assert rows(views, "SELECT count(*) FROM radiomics") == [(3,)]
    assert read == [["case"]] * 3
    found = views.read("radiomics", ["pyradiomics__pet__firstorder_Mean"], ds.field("cohort") == "two")
    assert found.to_pylist() == [{"pyradiomics__pet__firstorder_Mean": 4.0}]


def test_a_column_of_another_type_in_another_cohort_is_named(publish_row) -> None:
    text = Column("region__ct__volume_ml", "string", "volume")
    store = publish_row(text, block="region", region__ct__volume_ml="1")
    with pytest.raises(
        StoreError, match=r"table region: cohorts differ in the type of a column.*region__ct__volume_ml"
    ):
        Views(store).table("region")


def test_columns_that_differ_in_case_alone_are_not_mixed_up(publish_row) -> None:
    columns = Column("net__a", "float64", "x"), Column("net__A", "float64", "y")
    store = publish_row(*columns, net__a=1.0, net__A=2.0)
    with pytest.raises(StoreError, match="table deep: SQL cannot tell net__a from net__A"):
        Views(store).ask("SELECT net__A FROM deep")
    assert rows(Views(store), "SELECT count(*) FROM radiomics") == [(3,)]


ATTACKS = [
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM '{file}'",
    "SELECT * FROM glob('/*')",
    "COPY (SELECT 1) TO '{file}'",
    "COPY region TO '{file}' (FORMAT parquet)",
    "ATTACH '{file}.db'",
    "EXPORT DATABASE '{file}.d'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "SET threads = 1",
    "PRAGMA enable_logging",
    "SELECT * FROM hidden",
    "SELECT getenv('HOME')",
    "DROP VIEW region",
    "INSERT INTO region VALUES (1)",
    "DELETE FROM clinical",
    "CREATE TABLE mine AS SELECT * FROM region",
    "SELECT 1; DROP VIEW region",
    "CALL pragma_version()",
    "",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_sql_reads_and_writes_nothing_else(small: Store, tmp_path: Path, attack: str) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("a\n1\n")
    hidden = pd.DataFrame({"a": [1]})  # a variable of the process is no table
    views = Views(small)
    with pytest.raises(RadweaveError, match="the query fails"):
        relation_table(views.ask(attack.format(file=file)))
    assert len(hidden) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]
    assert file.read_text() == "a\n1\n"


@pytest.mark.parametrize(
    "sql", ["FROM region", "DESCRIBE region", "SHOW TABLES", "SUMMARIZE region", "EXPLAIN SELECT 1 FROM region",
            "PIVOT region ON cohort USING count(*)", "WITH x AS (FROM region) SELECT * FROM x"],
)  # fmt: skip
def test_sql_s_ways_to_look_are_allowed(small: Store, sql: str) -> None:
    assert relation_table(Views(small).ask(sql)).num_rows > 0


def test_names_are_quoted() -> None:
    assert quoted('x" FROM y; COPY') == '"x"" FROM y; COPY"'


def test_a_store_in_a_folder_with_odd_letters_can_be_asked(tmp_path: Path) -> None:
    store = fill_store(Store(tmp_path / "it's %2F 100% é? [a]*"))
    assert rows(Views(store), "SELECT count(*) FROM region") == [(4,)]


def test_columns_with_one_name_are_not_dropped(small: Store) -> None:
    with pytest.raises(RadweaveError, match='1 column twice, such as "patient"; name one of them with AS'):
        relation_table(Views(small).ask("SELECT r.patient, c.patient FROM region r JOIN clinical c USING (cohort)"))


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="the store is empty: run radweave refresh"):
        Views(Store(tmp_path))


def test_levels_are_sorted_as_they_were_declared(publish_row: Callable[..., Store], copied: Store) -> None:
    grade = Column("grade", "string", "grade", levels=("low", "it's mid", "high"))
    publish_row(grade, block="clinical", grade="it's mid")
    views = Views(copied)
    assert views.levels("clinical") == {"grade": ["low", "it's mid", "high"]}
    rows = views.ask("SELECT patient, grade FROM clinical WHERE grade > 'low'::clinical__grade AND cohort = 'three'")
    assert relation_table(rows).to_pylist() == [{"patient": "p1", "grade": "it's mid"}]
    assert (
        relation_table(views.ask("SELECT clinical__grade AS g FROM cases GROUP BY 1")).schema.field("g").type
        == pa.string()
    )
    assert views.ask("SELECT table_name FROM information_schema.tables WHERE table_name LIKE '%kept%'").fetchall() == []


def test_runs_of_studies_are_views_with_study_and_run(copied: Store) -> None:
    for study, whole in (("first", True), ("second", True), ("broken", False)):
        folder = copied.root / "studies" / study / "0123456789abcdef"
        folder.mkdir(parents=True)
        (folder / "scores.parquet").write_bytes(parquet_bytes(pa.table({"value": [0.5]})))
        if whole:
            (folder / "study.json").write_text("{}")
    assert rows(Views(copied), "SELECT study, run, value FROM scores ORDER BY study") == [
        ("first", "0123456789abcdef", 0.5),
        ("second", "0123456789abcdef", 0.5),
    ]


def test_tables_of_studies_are_there_also_where_no_study_has_them(copied: Store) -> None:
    for schema in (*STUDY_TABLES, *ASSOCIATION_TABLES):
        found = relation_table(Views(copied).ask(f"SELECT * FROM {schema.name}"))
        assert (found.num_rows, found.schema.names) == (0, ["study", "run", *schema.arrow.names])
    folder = copied.root / "studies" / "old" / "0123456789abcdef"
    write_table(folder / "scores.parquet", pa.table({"split": ["nested"]}))
    (folder / "study.json").write_text("{}")  # of a radweave that wrote no copies where there were none
    assert rows(Views(copied), "SELECT split, value, alike FROM scores LEFT JOIN copies USING (run)") == [
        ("nested", None, None)
    ]


def test_a_store_on_object_storage_answers_as_a_local_one(s3: str, small: Store) -> None:
    remote = fill_store(Store(open_place(f"{s3}/store")))
    sql = "SELECT * FROM cases ORDER BY ALL"
    assert rows(Views(remote), sql) == rows(Views(small), sql)
    assert rows(Views(remote, 1), "SELECT count(*) FROM region") == [(3,)]


def test_ready_made_blocks_join_by_time_point_and_cohorts_without_images_have_rows(copied: Store) -> None:
    visits = [
        {"patient": p, "cohort": "four", "centre": "A", "timepoint": t, "a": a}
        for p, t, a in (("q1", "baseline", 1.0), ("q1", "week4", 2.0))
    ]
    patients = [
        {"patient": p, "cohort": "four", "centre": "A", "age_years": age} for p, age in (("q1", 50.0), ("q2", 60.0))
    ]
    time, a = Column("timepoint", "string", "time point", role="key"), Column("a", "float64", "first")
    tables = {
        "region": ((*KEY, VOLUME), ()),
        "clinical": ((*PATIENT_KEY, AGE), patients),
        "proteins": ((*PATIENT_KEY, time, a), visits),
    }
    publish_tables(copied, "four", CohortState(key="1"), tables)
    views = Views(copied)
    assert views.blocks == ("region", "radiomics", "deep", "clinical", "genomic", "proteins")
    sql = 'SELECT "case", clinical__age_years, proteins__a FROM cases WHERE cohort = \'four\' ORDER BY "case"'
    rows = [("four:q1:baseline", 50.0, 1.0), ("four:q1:week4", 50.0, 2.0), ("four:q2", 60.0, None)]
    assert views.ask(sql).fetchall() == rows
    assert views.ask("SELECT count(*) FROM cases WHERE cohort <> 'four'").fetchall() == [(4,)]
    found = read_export(views, ["clinical", "proteins"], cohorts=["four"]).table.to_pylist()
    assert [(r["patient"], r["timepoint"], r["clinical__age_years"], r["proteins__a"]) for r in found] == [
        ("q1", "baseline", 50.0, 1.0),
        ("q1", "week4", 50.0, 2.0),
        ("q2", "", 60.0, None),
    ]
