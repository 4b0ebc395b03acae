"""Beside: results are written while the caller goes on, and are told once they are durable."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import numpy as np
import pytest

from features.core.errors import StoreError
from features.core.storage import store as stores
from features.core.storage.beside import LARGE, Beside
from features.core.storage.store import Store


def test_what_is_being_written_is_known_and_what_is_told_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, real = Event(), stores.write_together
    monkeypatch.setattr(stores, "write_together", lambda *args: (go.wait(60), real(*args))[1])
    store, beside = Store(tmp_path), Beside(tmp_path)
    beside.save("region", "a" * 64, {"voxels": 1.0}, {"unit": "HU"})
    assert beside.has("region", "a" * 64)
    assert not store.has("region", "a" * 64)
    told = beside.later("told")
    go.set()
    assert told.result() == "told"
    assert store.load("region", "a" * 64) == {"voxels": 1.0}


def test_bytes_are_those_of_any_store(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    large = np.zeros(LARGE // 2 + 1, np.uint16)  # is written at once
    one, other = Store(tmp_path / "one"), Beside(tmp_path / "other")
    for store in (one, other):
        store.save("deep", "b" * 64, {"a": 1.5, "b": "text"}, {})
        store.save_array("samples", "c" * 64, array, {"unit": "HU"})
        store.save_array("samples", "d" * 64, large, {})
    other.wait()
    for block, digest in (("deep", "b"), ("samples", "c"), ("samples", "d")):
        assert one.work(block, digest * 64).read_bytes() == other.work(block, digest * 64).read_bytes()


def test_a_disk_that_is_full_is_told_after_all_others_are_written(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "deep").write_text("in the way")
    beside = Beside(tmp_path)
    beside.save("deep", "e" * 64, {}, {})
    beside.save("region", "f" * 64, {"voxels": 1.0}, {})
    with pytest.raises(StoreError, match="cannot be written"):
        beside.wait()
    assert Store(tmp_path).has("region", "f" * 64)
