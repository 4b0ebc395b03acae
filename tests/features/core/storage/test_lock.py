"""Locks: one writer at a time, and none for ever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from features.core.errors import StoreError
from features.core.storage.lock import locked
from features.core.storage.store import Store

HOLD = """
import sys, time
from pathlib import Path
from features.core.storage.store import Store
store = Store(Path(sys.argv[1]))
with store.writing("demo") if sys.argv[2] == "writing" else store.cleaning():
    print("held", flush=True)
    time.sleep(600)
"""


def _holder(folder: Path, what: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(folder), what]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."})
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_cohort_has_one_writer_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    store = Store(tmp_path)
    process = _holder(tmp_path, "writing")
    try:
        with pytest.raises(StoreError, match=rf'"demo" is being refreshed by process {process.pid} on .*; try again'):
            store.writing("demo").__enter__()
        with store.writing("other"):
            pass
        with pytest.raises(StoreError, match="is being refreshed or cleaned"):
            store.cleaning().__enter__()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    with store.writing("demo"), pytest.raises(StoreError, match='"demo" is being refreshed'):
        store.writing("demo").__enter__()
    with store.cleaning():
        pass


def test_nobody_writes_while_the_store_is_cleaned(tmp_path: Path) -> None:
    process = _holder(tmp_path, "cleaning")
    try:
        with pytest.raises(StoreError, match=f"is being cleaned by process {process.pid}"):
            Store(tmp_path).writing("demo").__enter__()
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(StoreError, match="store: cannot be written"), locked(tmp_path / "store" / "locks" / "x", "x"):
        pass
