"""Table files of every format give the same cells, and say what is wrong with them."""

from __future__ import annotations

import csv
import gzip
import io
import pickle
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.core.catalog.ready_table import ReadyTable
from features.core.catalog.table_source import TextSource
from features.core.errors import ConfigError
from features.tables import delimited_file
from features.tables.cells import Cells, Odd
from features.tables.number import parse_number
from features.tables.open_table import open_table

FRAME = pd.DataFrame({"ID": ["a", "b", "c"], "x": [1.5, None, 1e-300], "n": [7, 8, 9], "text": ["é", "", "ß"]})


def read(folder: Path, name: str, texts: list[str], numbers: list[str], **settings: object) -> Cells:
    return open_table(folder, TextSource(path=name, id="ID", **settings)).read(texts, numbers)  # type: ignore[arg-type]


def write_csv(folder: Path, text: str | bytes, name: str = "t.csv") -> Path:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def fault(folder: Path, *wanted: list[str], name: str = "t.csv", **settings: object) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, name, *(wanted or (["ID"], ["x"])), **settings)  # type: ignore[arg-type]
    return str(caught.value)


WRITE: dict[str, Callable[[Path], object]] = {
    "csv": lambda path: FRAME.to_csv(path, index=False),
    "csv.gz": lambda path: FRAME.to_csv(path, index=False),
    "tsv": lambda path: FRAME.to_csv(path, index=False, sep="\t"),
    "xlsx": lambda path: FRAME.to_excel(path, index=False),
    "parquet": lambda path: FRAME.to_parquet(path),
    "feather": lambda path: FRAME.to_feather(path),
    "arrow": lambda path: FRAME.to_feather(path, compression="uncompressed"),
}


@pytest.mark.parametrize("form", WRITE)
def test_every_format_gives_the_same_cells(form: str, tmp_path: Path) -> None:
    WRITE[form](tmp_path / f"t.{form}")
    found = read(tmp_path, f"t.{form}", ["ID", "text"], ["x", "n"])
    assert found.texts == {"ID": ["a", "b", "c"], "text": ["é", "", "ß"]}
    np.testing.assert_array_equal(found.numbers, [[1.5, np.nan, 1e-300], [7, 8, 9]])
    assert found.odd == {}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_cells_that_are_no_numbers_are_counted_with_their_rows(form: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"ID": ["a", "b", "c", "d"], "x": ["#NAME?", "1", "NA", "1;2"]})
    {"csv": frame.to_csv, "parquet": frame.to_parquet}[form](tmp_path / f"t.{form}", index=False)
    odd = read(tmp_path, f"t.{form}", ["ID"], ["x"]).odd["x"]
    assert odd == Odd(2, (1, 4) if form == "parquet" else (2, 5), "#NAME?")


def test_an_index_without_a_name_is_a_column_without_one(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": [1.0]}, index=["p1"])
    frame.to_csv(tmp_path / "t.csv")
    frame.to_parquet(tmp_path / "t.parquet")
    for name in ("t.csv", "t.parquet"):
        assert read(tmp_path, name, [""], ["x"]).texts == {"": ["p1"]}


def test_hdf5_records_and_groups_of_columns_are_tables(tmp_path: Path) -> None:
    records = np.array([(b"a", 1.0), (b"b", np.nan)], dtype=[("ID", "S3"), ("x", "f8")])
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["one"] = records
        file["two/ID"], file["two/x"] = np.array([7, 8]), np.array([2.0, np.inf])
    found = {}
    for key in ("one", "two"):
        source = ReadyTable.model_validate({"block": "b", "path": "t.h5", "id": "ID", "key": key})
        found[key] = open_table(tmp_path, source).read(["ID"], ["x"])
    assert (found["one"].texts["ID"], found["two"].texts["ID"]) == (["a", "b"], ["7", "8"])
    np.testing.assert_array_equal(found["one"].numbers, [[1.0, np.nan]])
    assert found["two"].odd == {"x": Odd(1, (2,), "inf")}
    assert "holds several tables; allowed: one, two; declare the key" in fault(tmp_path, name="t.h5")
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["only"] = records
    assert read(tmp_path, "t.h5", ["ID"], ["x"]).texts["ID"] == ["a", "b"]


def test_hdf5_frames_of_pandas_are_read_without_their_pickles(tmp_path: Path) -> None:
    """The layout of `to_hdf(format="fixed")`: blocks of numbers, and an object block that holds a pickle."""
    with h5py.File(tmp_path / "t.h5", "w") as file:
        group = file.create_group("frame")
        group.attrs.update({"pandas_type": b"frame", "nblocks": 2})
        group["axis0"], group["axis1"] = np.array([b"x", b"name", b"y"]), np.array([b"p1", b"p2"])
        group["axis1"].attrs["name"] = b"ID"
        group["block0_items"], group["block0_values"] = np.array([b"x", b"y"]), np.array([[1.0, 2.0], [3.0, 4.0]])
        group["block1_items"], group["block1_values"] = (
            np.array([b"name"]),
            np.frombuffer(pickle.dumps(["a"]), np.uint8),
        )
    found = read(tmp_path, "t.h5", ["ID"], ["y", "x"])
    assert found.texts == {"ID": ["p1", "p2"]}
    np.testing.assert_array_equal(found.numbers, [[2, 4], [1, 3]])
    assert "column name: is kept as a pickle, which may run code" in fault(tmp_path, ["name"], [], name="t.h5")
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file.create_group("frame").attrs["pandas_type"] = b"frame_table"
    assert 'its table of pandas ("frame_table") is kept as a pickle' in fault(tmp_path, name="t.h5")


@pytest.mark.parametrize("name", ["t.pkl", "t.pickle.gz", "t.npz"])
def test_pickles_are_never_opened(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(pickle.dumps([1]))
    assert "may run code when it is read, and is never opened; allowed: CSV" in fault(tmp_path, name=name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "the table is empty"),
        (
            b"ID,x\na,1\nb,2,3\nc,1\nd\n",
            "rows are longer or shorter than the header; found rows 3, 5; allowed: 2 cells",
        ),
        (b'ID,x\na,"1"0\n', "cells go on after their closing quote; found rows 2"),
        (b'ID,x\na,1\nb,"2\n', "a quote is opened and never closed"),
        (b"ID,x\n\xff,1\n", 'is not text of the encoding "utf-8-sig"; declare another one'),
        ("ID,x\na,1\n".encode("utf-16"), "declare another one, for example encoding: utf-16"),
    ],
)
def test_files_that_are_not_as_declared_say_what_is_wrong(text: bytes, message: str, tmp_path: Path) -> None:
    assert message in fault(write_csv(tmp_path, text))


def test_quotes_comments_blank_rows_and_line_ends(tmp_path: Path) -> None:
    text = '# a\n# b\n\nID,"x\ny",z\r\n\r\na,"+1.5","say ""hi"", you\nthere"\r,,\r b ," 2 ",\'\n'
    found = read(write_csv(tmp_path, text), "t.csv", ["ID", "z"], ["x\ny"], comment="#")
    assert found.texts == {"ID": ["a", "b"], "z": ['say "hi", you\nthere', "'"]}
    assert (found.numbers.tolist(), found.lines.tolist()) == ([[1.5, 2.0]], [8, 10])


def test_other_encodings_and_signs(tmp_path: Path) -> None:
    write_csv(tmp_path, "ID;x\nä;1,5\nö;-;\n".replace(";\n", "\n").encode("utf-16"))
    found = read(tmp_path, "t.csv", ["ID"], ["x"], encoding="utf-16", separator=";", decimal=",", missing=["-"])
    assert found.texts["ID"] == ["ä", "ö"]
    np.testing.assert_array_equal(found.numbers, [[1.5, np.nan]])


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(
        st.one_of(
            st.floats(allow_nan=True).map(repr),
            st.from_regex(r"[+-]?[0-9]{0,25}\.?[0-9]{0,25}([eE][+-]?[0-9]{1,3})?", fullmatch=True),
            st.sampled_from(["NA", "", " 1 ", '"2"', '"1,5"', "1_0", "0x1", "1e", "e1", ".", "1 2", "é", "nan"]),
        ),
        min_size=2,
        max_size=30,
    ),
    piece=st.integers(1, 40),
)
def test_numbers_are_those_of_parse_number_wherever_pieces_end(
    cells: list[str], piece: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("t")
    write_csv(folder, "ID,x\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells)))
    bare = [cell.strip('"').strip() for cell in cells]
    wanted = [None if cell in ("", "NA") else parse_number(cell, ".") for cell in bare]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited_file, "PIECE", piece)
        patch.setattr(delimited_file, "BLOCK", 1)
        found = read(folder, "t.csv", ["ID"], ["x"])
    np.testing.assert_array_equal(found.numbers[0], [np.nan if one is None else one for one in wanted])
    wrong = [
        i for i, (cell, one) in enumerate(zip(bare, wanted, strict=True)) if cell not in ("", "NA") and one is None
    ]
    odd = found.odd.get("x", Odd(0, ()))
    assert (odd.count, [*odd.lines][:10]) == (len(wrong), [i + 2 for i in wrong][:10])


_PARTS = ["a", "1", ".5", "é", ",", ",", '"', '"a\nb"', '"1"', "\n", "\n", "\r", " ", "-9", " -9", "NA", "nan", "+1"]


@settings(max_examples=150, deadline=None)
@given(text=st.lists(st.sampled_from(_PARTS), max_size=25).map("".join), piece=st.integers(1, 40))
def test_rows_and_cells_are_those_of_the_csv_module(
    text: str, piece: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, missing = write_csv(tmp_path_factory.mktemp("t"), f"x,ID\n{text}"), ["-9", "NA"]
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited_file, "PIECE", piece)
        patch.setattr(delimited_file, "BLOCK", 1)
        try:
            rows = [(reader.line_num + 1, [cell.strip() for cell in row]) for row in reader]
        except csv.Error:
            assert "quote" in fault(folder, ["ID"], ["x"])
            return
        rows = [(line, row) for line, row in rows if any(row)]
        if uneven := [str(line) for line, row in rows if len(row) != 2]:
            assert f"found rows {', '.join(uneven[:10])}" in fault(folder, ["ID"], ["x"])
            return
        found = read(folder, "t.csv", ["ID"], ["x"], missing=missing)
    numbers = [None if row[0] in missing else parse_number(row[0], ".") for _, row in rows]
    wrong = [line for (line, row), x in zip(rows, numbers, strict=True) if x is None and row[0] not in ["", *missing]]
    assert found.lines.tolist() == [line for line, _ in rows]
    assert found.texts["ID"] == [row[1] for _, row in rows]
    np.testing.assert_array_equal(found.numbers[0], np.array(numbers, float))
    assert found.odd.get("x", Odd(0, ())).lines == tuple(wrong[:11])


def test_a_compressed_table_that_is_cut_is_a_fault(tmp_path: Path) -> None:
    packed = gzip.compress(b"ID,x\n" + b"a,1\n" * 1000)
    (tmp_path / "t.csv.gz").write_bytes(packed[: len(packed) - 12])
    assert "cannot be read as a table" in fault(tmp_path, name="t.csv.gz")
