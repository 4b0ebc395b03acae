"""Tables: only what is declared is written, whole and durable, and damage is noticed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from features.core.errors import StoreError
from features.core.table import (
    Column,
    Schema,
    dictionary_rows,
    parquet_bytes,
    read_provenance,
    read_table,
    write_bytes,
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
        with pytest.raises(StoreError, match=r"t\.parquet: cannot be read"):
            read_table(path)
        noticed += 1
    assert noticed > 5


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"x" * 100])
def test_what_is_not_parquet_is_a_store_error(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "t").write_bytes(damage)
    for read in (read_table, read_provenance):
        with pytest.raises(StoreError, match="cannot be read"):
            read(tmp_path / "t")


def test_missing_file_is_a_store_error(tmp_path: Path) -> None:
    for read in (read_table, read_provenance):
        with pytest.raises(StoreError, match="nothing: cannot be read"):
            read(tmp_path / "nothing")


def test_folder_that_is_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be written \(3 bytes\)"):
        write_bytes(tmp_path / "file" / "x", b"abc")


def test_unwritable_folder_is_a_store_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        (tmp_path / "probe").touch()
    except PermissionError:
        with pytest.raises(StoreError, match=r"x: cannot be written \(3 bytes\): Permission denied"):
            write_bytes(tmp_path / "x", b"abc")
        assert list(tmp_path.iterdir()) == []
    else:
        pytest.skip("this user may write everywhere")
    finally:
        tmp_path.chmod(0o700)


FULL = """
import resource, sys
from pathlib import Path
from features.core.errors import StoreError
from features.core.table import write_bytes
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_bytes(Path(sys.argv[1]), b"n" * 5000)
except StoreError as error:
    print(error)
"""


def test_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    assert "x: cannot be written (5000 bytes): File too large" in done.stdout
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


FOREVER = """
import sys
from pathlib import Path
from features.core.table import write_bytes
path = Path(sys.argv[1])
print("begin", flush=True)
while True:
    for letter in (b"a", b"b"):
        write_bytes(path, letter * 3_000_000)
"""


def test_kill_in_the_middle_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_bytes(path, b"a" * 3_000_000)
    for trial in range(4):
        process = subprocess.Popen([sys.executable, "-c", FOREVER, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.02 + 0.013 * trial)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        data = path.read_bytes()
        assert len(data) == 3_000_000
        assert set(data) in ({ord("a")}, {ord("b")})
        write_bytes(path, b"a" * 3_000_000)  # what a killed writer left does not stand in the way


def test_dictionary_rows_hold_all_facts_of_a_column() -> None:
    (row,) = dictionary_rows("clinical", "demo", [Column("age", "float64", "age", unit="years")])
    assert (row["block"], row["cohort"]) == ("clinical", "demo")
    assert row["name"] == "age"
    assert row["unit"] == "years"
    assert row["role"] == "predictor"
