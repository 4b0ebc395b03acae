"""Tables: only what is declared is written, whole and durable, and damage is noticed."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.core.column import Column
from features.core.errors import StoreError
from features.core.storage.table import (
    Schema,
    TableFile,
    column_of,
    dictionary_rows,
    levels_text,
    parquet_bytes,
    read_provenance,
    read_table,
    read_with_provenance,
    write_table,
)

SCHEMA = Schema(
    "fruit",
    (
        Column("name", "string", "name", role="key"),
        Column("place", "string", "place", role="key"),
        Column("weight", "float64", "weight", unit="g"),
        Column("count", "int64", "count"),
        Column("ripe", "bool", "ripe"),
        Column("picked", "date", "day"),
        Column("part", "float32", "share"),
    ),
)
ROWS = [
    {"name": "pear", "place": "b", "weight": 1.5, "ripe": True},
    {"name": "apple", "place": "b", "count": 3, "picked": date(2020, 2, 29), "part": 0.5},
    {"name": "apple", "place": "a"},
]


def test_rows_become_a_table_sorted_by_its_key() -> None:
    table = SCHEMA.table(ROWS)
    assert table.select(["name", "place"]).to_pylist() == [
        {"name": "apple", "place": "a"},
        {"name": "apple", "place": "b"},
        {"name": "pear", "place": "b"},
    ]
    assert table.schema.equals(SCHEMA.arrow)
    assert table["weight"].to_pylist() == [None, None, 1.5]


def test_no_rows_give_an_empty_typed_table() -> None:
    assert SCHEMA.table([]).schema.equals(SCHEMA.arrow)


def test_double_keys_are_refused_with_an_example() -> None:
    with pytest.raises(StoreError, match=r"table fruit: keys are not unique, for example \[\{'name': 'pear'"):
        SCHEMA.table([*ROWS, ROWS[0]])


def test_null_keys_are_refused() -> None:
    with pytest.raises(StoreError, match='table fruit: the key column "place" holds nulls'):
        SCHEMA.table([{"name": "fig"}])


def test_undeclared_columns_are_refused() -> None:
    with pytest.raises(StoreError, match=r"table fruit: undeclared columns \['colour'\]"):
        SCHEMA.table([{"name": "fig", "place": "a", "colour": "blue"}])


@pytest.mark.parametrize("names", [["name"], ["place", "name", "weight", "count", "ripe", "picked", "part"]])
def test_other_columns_or_another_order_are_refused(names: list[str]) -> None:
    with pytest.raises(StoreError, match="table fruit: columns differ from the schema"):
        SCHEMA.checked(SCHEMA.table(ROWS).select(names))


def test_rows_in_another_order_are_written_to_the_same_bytes() -> None:
    one = parquet_bytes(SCHEMA.table(ROWS), {"b": "2", "a": "1"})
    assert one == parquet_bytes(SCHEMA.table(ROWS[::-1]), {"a": "1", "b": "2"})
    assert one != parquet_bytes(SCHEMA.table(ROWS[:2]), {"a": "1", "b": "2"})


def test_table_and_provenance_come_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "fruit.parquet"
    write_table(path, SCHEMA.table(ROWS), {"recipe": "é"})
    assert read_table(path).to_pylist() == SCHEMA.table(ROWS).to_pylist()
    assert read_table(path, ["weight"]).column_names == ["weight"]
    assert read_provenance(path) == {"recipe": "é"}
    assert [entry.name for entry in path.parent.iterdir()] == ["fruit.parquet"]


def test_nan_and_null_stay_apart(tmp_path: Path) -> None:
    write_table(tmp_path / "t", pa.table({"x": pa.array([None, float("nan"), 1.0])}))
    column = read_table(tmp_path / "t")["x"]
    assert column.null_count == 1
    assert np.isnan(column[1].as_py())


def test_a_flipped_bit_in_a_data_page_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    values = np.random.default_rng(0).normal(size=2_000)
    write_table(path, pa.table({"x": values}))
    whole = path.read_bytes()
    noticed = 0
    for place in range(200, len(whole) - 2_000, 997):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"t\.parquet: is damaged"):
            read_table(path)
        noticed += 1
    assert noticed > 5


def test_threads_of_arrow_hold_no_memory_of_python() -> None:
    """The last to let go of it, while the interpreter ends, would end the process with 134."""
    data = parquet_bytes(SCHEMA.table(ROWS))
    before = sys.getrefcount(data)
    file = TableFile(data, Path("t.parquet"))
    table = file.read()
    assert sys.getrefcount(data) == before
    assert table.num_rows == len(ROWS)


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"x" * 100])
def test_what_is_not_parquet_is_a_store_error(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "t").write_bytes(damage)
    for read in (read_table, read_provenance):
        with pytest.raises(StoreError, match="is damaged"):
            read(tmp_path / "t")


def test_missing_file_is_a_store_error(tmp_path: Path) -> None:
    for read in (read_table, read_provenance):
        with pytest.raises(StoreError, match="nothing: cannot be read"):
            read(tmp_path / "nothing")


def test_levels_are_ordered_categories_to_others_and_texts_to_us(tmp_path: Path) -> None:
    table = pa.table({"id": ["a", "b", "c"], "grade": ["low", None, "high"]})
    path = tmp_path / "t.parquet"
    write_table(path, table, levels_text({"grade": ("low", "mid", "high"), "other": ("x",)}))
    found = pd.read_parquet(path)["grade"]
    assert (list(found.cat.categories), found.cat.ordered) == (["low", "mid", "high"], True)
    assert found.isna().tolist() == [False, True, False]
    assert read_table(path).equals(table)
    kept, provenance = read_with_provenance(path)
    write_table(path, kept, provenance)  # as a withdrawal does
    assert list(pd.read_parquet(path)["grade"].cat.categories) == ["low", "mid", "high"]
    with pytest.raises(StoreError, match="a text is none of the levels low, mid"):
        parquet_bytes(table, levels_text({"grade": ("low", "mid")}))


def test_a_column_with_levels_comes_back_from_the_dictionary() -> None:
    column = Column("grade", "string", "grade", levels=("low", "high"))
    (row,) = dictionary_rows("clinical", "demo", [column])
    assert row["levels"] == '["low", "high"]'
    assert column_of(row) == column
    assert column_of({name: value for name, value in row.items() if name != "levels"}).levels == ()


def test_dictionary_rows_hold_all_facts_of_a_column() -> None:
    (row,) = dictionary_rows("clinical", "demo", [Column("age", "float64", "age", unit="years")])
    assert (row["block"], row["cohort"]) == ("clinical", "demo")
    assert row["name"] == "age"
    assert row["unit"] == "years"
    assert row["role"] == "predictor"
