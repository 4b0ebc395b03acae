"""Runs of studies: whole, under way, or unfinished."""

from pathlib import Path

import pytest

from features.core.errors import FitError, StoreError
from features.core.storage.store import Store
from features.results.runs import running, unfinished_runs
from features.results.unneeded import remove_unneeded


def _begin(store: Store, study: str = "mine", run: str = "a1") -> Path:
    folder = store.root / "studies" / study / run
    folder.mkdir(parents=True)
    (folder / "design.parquet").write_bytes(b"1234")
    return folder


def test_a_refused_run_leaves_nothing_behind(tmp_path: Path) -> None:
    store = Store(tmp_path)
    other = _begin(store, "other")

    def refuse() -> None:
        with running(store, "mine"):
            _begin(store)
            raise FitError("too few")

    with pytest.raises(FitError, match="too few"):
        refuse()
    assert [path.name for path in (store.root / "studies").iterdir()] == ["other"]
    assert unfinished_runs(store) == [other]


def test_gc_removes_unfinished_runs_but_none_that_is_under_way(tmp_path: Path) -> None:
    store = Store(tmp_path)
    killed, whole = _begin(store), _begin(store, "mine", "b2")
    (whole / "study.json").write_text("{}")
    with running(store, "mine"):
        assert remove_unneeded(store, 1).runs == 0
    would = remove_unneeded(store, 1, dry=True)
    assert (would.runs, would.bytes, killed.exists()) == (1, 4, True)
    assert remove_unneeded(store, 1) == would
    assert [path.name for path in (store.root / "studies" / "mine").iterdir()] == ["b2"]
    assert remove_unneeded(store, 1).runs == 0


def test_gc_removes_what_a_killed_score_and_a_killed_final_left_and_nothing_that_is_whole(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for place in ("scores/other/aa", "scores/other/bb", "models/mine/cc", "models/mine/dd"):
        (store.root / place).mkdir(parents=True)
        (store.root / place / "arrays.parquet").write_bytes(b"1234")
    for whole in ("scores/other/bb/study.json", "models/mine/dd/model.json"):
        (store.root / whole).write_text("{}")
    with store.reading(), pytest.raises(StoreError):  # while one is written, nothing is cleaned
        remove_unneeded(store, 1)
    assert (remove_unneeded(store, 1).runs, remove_unneeded(store, 1).runs) == (2, 0)
    assert sorted(path.name for path in store.root.glob("*/*/*") if path.is_dir()) == ["bb", "dd"]
