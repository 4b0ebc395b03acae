"""Packages: read whole, or refused before anything of them is used."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from features.core.errors import DataError, RadweaveError
from features.core.storage.seal import resealed
from features.results.packages import package_bytes, read_package

MODEL = {"model.json": b"{}", "schema.json": b"[]", "arrays.parquet": bytes(range(256)), "card.md": b"# card"}


@pytest.fixture
def packed() -> bytes:
    return package_bytes(MODEL, "# how", {"model": "study/1"}, "0.1.0")


def test_what_was_packed_is_read_and_equal_models_give_equal_bytes(packed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "one.radweave"
    path.write_bytes(packed)
    found = read_package(path, "0.1.0")
    assert dict(found.model) == MODEL and found.facts["model"] == "study/1"
    found.put_model(tmp_path / "model")
    assert {one.name: one.read_bytes() for one in (tmp_path / "model").iterdir()} == MODEL
    assert package_bytes(MODEL, "# how", {"model": "study/1"}, "0.1.0") == packed
    assert package_bytes(found.model, "# how", {"model": "study/1"}, "0.1.0") == packed


def test_any_byte_that_was_altered_is_refused(packed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "one.radweave"
    for place in range(0, len(packed), 3):
        path.write_bytes(packed[:place] + bytes([packed[place] ^ 1]) + packed[place + 1 :])
        with pytest.raises(RadweaveError, match=r"was altered|other numbers"):
            read_package(path, "0.1.0")


def _again(data: bytes, change: Callable[[zipfile.ZipFile, dict[str, bytes]], None], method: int = 0) -> bytes:
    """The package with its files written anew by somebody else."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        files = {name: old.read(name) for name in old.namelist()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as new:
        change(new, files)
        for name, own in files.items():
            new.writestr(name, own)
    return packed.getvalue()


def _climbs(new: zipfile.ZipFile, _: dict[str, bytes]) -> None:
    new.writestr("../../evil.py", b"x")


def _is_absolute(new: zipfile.ZipFile, _: dict[str, bytes]) -> None:
    new.writestr("/etc/evil", b"x")


def _has_another_array(_: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    files["model/arrays.parquet"] = bytes(256)


def _lacks_a_file(_: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    del files["model/schema.json"]


def _has_one_twice(new: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    new.writestr("READ_ME.md", b"x")
    with pytest.warns(UserWarning, match="Duplicate name"):
        new.writestr("READ_ME.md", files.pop("READ_ME.md"))


def _says_more(_: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    files["package.json"] = resealed(files["package.json"].replace(b'"study/1"', b'"study/2"').replace(b"\n ", b"\n  "))


def _has_a_comment(new: zipfile.ZipFile, _: dict[str, bytes]) -> None:
    new.comment = b"hello"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_climbs, "'../../evil.py', which is none of package.json"),
        (_is_absolute, "'/etc/evil', which is none of"),
        (_has_another_array, "model/arrays.parquet is not the file that package.json names"),
        (_lacks_a_file, "its files are not those that package.json names"),
        (_has_one_twice, "it holds a file twice"),
        (_says_more, "package.json is not what was written"),
        (_has_a_comment, "it holds more than its files"),
    ],
)
def test_whatever_else_a_zip_file_can_be_is_refused(packed: bytes, tmp_path: Path, change, told: str) -> None:
    path = tmp_path / "one.radweave"
    path.write_bytes(_again(packed, change))
    with pytest.raises(DataError) as caught:
        read_package(path, "0.1.0")
    assert told in str(caught.value) and "nothing was run" in str(caught.value)
    assert [one.name for one in tmp_path.iterdir()] == ["one.radweave"]


def test_a_bomb_and_a_text_are_no_packages(packed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "one.radweave"
    bomb = _again(packed, lambda _, files: files.update({"READ_ME.md": bytes(2**20)}), zipfile.ZIP_DEFLATED)
    for data, told in ((bomb, "is packed otherwise"), (b"hello", "is no whole package"), (packed[:-9], "no whole")):
        path.write_bytes(data)
        with pytest.raises(DataError, match=told):
            read_package(path, "0.1.0")
    with pytest.raises(DataError, match="cannot be read"):
        read_package(tmp_path / "nowhere.radweave", "0.1.0")


def test_a_package_of_another_radweave_is_refused_with_both_versions(packed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "one.radweave"
    path.write_bytes(packed)
    with pytest.raises(RadweaveError, match=r"sealed by radweave 0\.1\.0 \(format 1\); this is radweave 0\.2\.0"):
        read_package(path, "0.2.0")


def test_other_files_are_not_packed() -> None:
    with pytest.raises(RadweaveError, match=r"model/notes\.txt \(1 bytes\) cannot be packed"):
        package_bytes({**MODEL, "notes.txt": b"x"}, "", {}, "0.1.0")
