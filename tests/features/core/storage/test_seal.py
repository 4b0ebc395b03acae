"""A sealed file tells of every bit that was flipped, and of every cut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from features.core.errors import StoreError
from features.core.storage.place import read_bytes
from features.core.storage.seal import check_seal, damaged, drawing_bytes, json_bytes, page_bytes, read_json
from features.core.storage.table import parquet_bytes, read_provenance, read_table

TABLE = pa.table({"name": ["a", "b"], "value": [1.0, None], "text": [None, "x"]})


def _read_page(path: Path) -> None:
    check_seal(read_bytes(path), path)


KINDS: dict[str, tuple[bytes, Callable[[Path], object]]] = {
    "parquet": (bytes(parquet_bytes(TABLE, {"settings": "é"})), read_table),
    "json": (json_bytes({"layout": 3, "files": {"a": "b"}}), read_json),
    "html": (page_bytes("<!DOCTYPE html>\n<head>\n</head>\n<p>0.71</p>\n"), _read_page),
    "svg": (drawing_bytes("<svg xmlns='http://www.w3.org/2000/svg'><text>0.71</text></svg>"), _read_page),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_flipped_bit_is_found(tmp_path: Path, kind: str) -> None:
    data, read = KINDS[kind]
    path = tmp_path / "file"
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :])
        with pytest.raises(StoreError, match=r"file: is damaged \(.*\); restore it from a backup"):
            read(path)
    path.write_bytes(data)
    read(path)
    assert check_seal(data, path)


@pytest.mark.parametrize("kind", KINDS)
def test_every_cut_is_found(tmp_path: Path, kind: str) -> None:
    data, read = KINDS[kind]
    path = tmp_path / f"file.{kind}"
    for length in range(0, len(data), 7):
        path.write_bytes(data[:length])
        with pytest.raises(StoreError, match=f"file.{kind}: is damaged"):
            read(path)


def test_what_is_read_is_what_was_sealed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(KINDS["json"][0])
    assert read_json(path) == {"layout": 3, "files": {"a": "b"}}
    path.write_bytes(KINDS["parquet"][0])
    assert read_table(path).equals(TABLE)
    assert read_provenance(path) == {"settings": "é"}


def test_files_of_an_older_radweave_have_no_seal_and_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text('{"layout": 2}')
    assert read_json(path) == {"layout": 2}
    assert not check_seal(path.read_bytes(), path)


@pytest.mark.parametrize(
    ("place", "remedy"),
    [
        (
            "work/radiomics/ab/abcd.parquet",
            "remove it: its values stand in the tables, or the next refresh computes it again",
        ),
        ("studies/quality/0123456789abcdef/scores.parquet", "remove the folder of this run and run the study again"),
        ("tables/radiomics/ct_lung/c.0123456789abcdef.parquet", "run radweave verify, which says what to do"),
        ("views/000001/radiomics/ct_lung/c.parquet", "the next refresh builds it again"),
        ("quality/c.html", "the next refresh, or radweave quality, writes it again"),
    ],
)
def test_the_sentence_says_what_to_do(place: str, remedy: str) -> None:
    where = Path("/home/views/index") / place
    assert str(damaged(where, "cut")) == f"{where}: is damaged (cut); {remedy}"
