"""Places on object storage: a whole store over HTTP on a server of this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from features.core.errors import StoreError
from features.core.quarantine import Rejected
from features.core.storage.place import (
    create_bytes,
    find_files,
    is_remote,
    open_place,
    read_bytes,
    remove_file,
    write_bytes,
)
from features.core.storage.store import Store
from features.results import manifest
from features.results.manifest import CohortState, commit, newest

pytestmark = pytest.mark.slow
STUDY = """
title: One block and one model
cohorts: [builtin]
endpoint: response
recipes: [ct_lung]
blocks: {radiomics: [radiomics]}
models: [{kind: lasso_logistic, C: [0.3]}]
"""


def written_elsewhere(path: Path) -> None:
    """A file that another process writes: this one is told nothing of it."""
    code = "import sys; from features.core.storage.place import *; write_bytes(open_place(sys.argv[1]), b'5')"
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


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
    written_elsewhere(folder / "a" / "z")
    assert find_files(folder) == ["a/x", "a/z"]
    assert (folder / "a" / "z").is_file()
    with pytest.raises(StoreError, match="nothing: cannot be read"):
        read_bytes(folder / "nothing")


def test_of_two_commits_at_once_neither_is_lost(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """There are no locks: the number of a refresh is created on condition that nobody has it (If-None-Match)."""
    store = Store(open_place(f"{s3}/store"))
    create, base = manifest.create_bytes, newest(store)

    def late(path: Path, data: bytes) -> bool:
        """Another process commits a moment before."""
        monkeypatch.setattr(manifest, "create_bytes", create)
        commit(store, "one", CohortState(key="theirs"), {}, base)
        return create(path, data)

    monkeypatch.setattr(manifest, "create_bytes", late)
    assert commit(store, "two", CohortState(key="ours"), {}, base).refresh == 2
    assert {name: state.key for name, state in newest(store).cohorts.items()} == {"one": "theirs", "two": "ours"}
    assert newest(store).parent == 1
    base = newest(store)
    monkeypatch.setattr(manifest, "create_bytes", late)
    with pytest.raises(StoreError, match='cohort "one" was refreshed by another process meanwhile; refresh it again'):
        commit(store, "one", CohortState(key="ours"), {}, base)
    assert newest(store).refresh == 3 and newest(store).cohorts["one"].key == "theirs"


def test_results_are_kept_there_too(s3: str) -> None:
    store = Store(open_place(f"{s3}/results"))
    assert not store.has("region", "ab" * 32)
    store.save("region", "ab" * 32, {"x": 1.0}, {"version": "1"})
    store.save("region", "cd" * 32, Rejected("MASK_EMPTY"), {})
    assert store.load("region", "ab" * 32) == {"x": 1.0}
    assert isinstance(store.rejection("region", "cd" * 32), Rejected)
    assert store.results() == {"region": {"ab" * 32, "cd" * 32}}


def test_a_cohort_is_refreshed_studied_and_queried_there(s3: str, demo, command, tmp_path: Path) -> None:
    """The tables are those of a local store, byte for byte. One result of each kind but the network's is computed there."""
    place, results = f"{s3}/store", find_files(demo.store / "work")
    computed = {name.split("/")[0]: name for name in results if not name.startswith("deep/")}
    for name in set(results) - set(computed.values()):
        write_bytes(open_place(place) / "work" / name, (demo.store / "work" / name).read_bytes())
    here = "--catalog", demo.catalog, "--store", place
    thread = *here, "--runner", "threads", "--workers", 1
    command("refresh", "--all", *here, "--workers", 1)
    assert "as before" in command("refresh", "--all", *thread).stdout
    remote = open_place(place)
    tables = find_files(remote / "tables")
    assert tables == find_files(demo.store / "tables")
    for name in tables:
        assert read_bytes(remote / "tables" / name) == (demo.store / "tables" / name).read_bytes()
    assert "no faults" in command("verify", "--store", place).stdout
    count = command("query", "SELECT count(*) AS n FROM radiomics", "--store", place, "--format", "csv").stdout
    assert int(count.splitlines()[1]) > 24
    study = tmp_path / "study" / "small.yaml"
    study.parent.mkdir()
    study.write_text(STUDY)
    command("study", study, *thread)
    assert "current" in command("status", *here).stdout
    case = (
        command("query", 'SELECT "case" FROM scans LIMIT 1', "--store", place, "--format", "csv")
        .stdout.split()[1]
        .strip('"')
    )
    found = command("withdraw", ":".join(case.split(":")[:2]), "--store", place)
    assert "study small/" in found.stdout
    assert "no faults" in command("verify", "--store", place).stdout
    command("gc", "--keep", "1", "--store", place)
    assert list(tmp_path.iterdir()) == [study.parent]
