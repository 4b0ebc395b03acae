"""Places on object storage: a whole store over HTTP on a server of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.core.errors import StoreError
from features.core.place import create_bytes, find_files, is_remote, open_place, read_bytes, remove_file, write_bytes
from features.core.quarantine import Rejected
from features.core.store import Store

pytestmark = pytest.mark.slow


def test_files_are_written_read_found_and_removed(s3: str) -> None:
    folder = open_place(f"{s3}/files")
    assert is_remote(folder)
    write_bytes(folder / "a" / "x", b"1")
    write_bytes(folder / "a" / "x", b"2")
    assert read_bytes(folder / "a" / "x") == b"2"
    assert not create_bytes(folder / "a" / "x", b"3")
    assert create_bytes(folder / "y", b"4")
    assert find_files(folder) == ["a/x", "y"]
    remove_file(folder / "y")
    remove_file(folder / "y")
    assert find_files(folder) == ["a/x"]
    assert find_files(open_place(f"{s3}/nothing")) == []
    with pytest.raises(StoreError, match="nothing: cannot be read"):
        read_bytes(folder / "nothing")


def test_results_are_kept_there_too(s3: str) -> None:
    store = Store(open_place(f"{s3}/results"))
    assert not store.has("region", "ab" * 32)
    store.save("region", "ab" * 32, {"x": 1.0}, {"version": "1"})
    store.save("region", "cd" * 32, Rejected("MASK_EMPTY"), {})
    assert store.load("region", "ab" * 32) == {"x": 1.0}
    assert isinstance(store.rejection("region", "cd" * 32), Rejected)
    assert store.results() == {"region": {"ab" * 32, "cd" * 32}}


def test_a_server_that_is_gone_is_a_store_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(StoreError, match="x: cannot be written"):
        write_bytes(open_place("s3://radweave/x"), b"1")
    s3fs.S3FileSystem.clear_instance_cache()


def test_a_cohort_is_refreshed_studied_and_queried_there(s3: str, demo, radweave, tmp_path: Path) -> None:
    """The tables are those of a local store, byte for byte."""
    place = f"{s3}/store"
    radweave("refresh", "--all", "--catalog", demo.catalog, "--store", place)
    again = radweave("refresh", "--all", "--catalog", demo.catalog, "--store", place)
    assert "as before" in again.stdout
    remote = open_place(place)
    tables = find_files(remote / "tables")
    assert tables == find_files(demo.store / "tables")
    for name in tables:
        assert read_bytes(remote / "tables" / name) == (demo.store / "tables" / name).read_bytes()
    assert "no faults" in radweave("verify", "--store", place).stdout
    count = radweave("query", "SELECT count(*) AS n FROM radiomics", "--store", place, "--format", "csv").stdout
    assert int(count.splitlines()[1]) > 24
    radweave("study", "builtin_response", "--catalog", demo.catalog, "--store", place)
    assert "current" in radweave("status", "--store", place, "--catalog", demo.catalog).stdout
    case = (
        radweave("query", 'SELECT "case" FROM scans LIMIT 1', "--store", place, "--format", "csv")
        .stdout.split()[1]
        .strip('"')
    )
    found = radweave("withdraw", ":".join(case.split(":")[:2]), "--store", place)
    assert "study builtin_response/" in found.stdout
    assert "no faults" in radweave("verify", "--store", place).stdout
    radweave("gc", "--keep", "1", "--store", place)
    assert list(tmp_path.iterdir()) == []
