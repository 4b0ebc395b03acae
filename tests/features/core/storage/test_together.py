"""write_together: of many files each is whole or absent; where one cannot be written, what was there before stays."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from features.core.errors import StoreError
from features.core.storage import together
from features.core.storage.together import write_together


def files(folder: Path, count: int = 5, size: int = 3000) -> list[tuple[Path, bytes]]:
    return [(folder / f"{i % 2}" / f"{i}.parquet", bytes([i]) * size) for i in range(count)]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_all_are_written_and_replace_what_was_there(count: int, tmp_path: Path) -> None:
    write_together([(path, b"old") for path, _ in files(tmp_path, count)])
    write_together(files(tmp_path, count))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == dict(files(tmp_path, count))
    assert all(path.stat().st_mode & 0o777 == 0o644 for path, _ in files(tmp_path, count))


def test_a_path_that_is_given_twice_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "alike.parquet"
    write_together([(path, b"first"), (tmp_path / "other", b"other"), (path, b"last")])
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"alike.parquet": b"last", "other": b"other"}


def test_a_folder_that_is_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "1").write_text("")
    with pytest.raises(
        StoreError, match=r"1\.parquet: cannot be written \(3000 bytes\): (Not a directory|File exists)"
    ):
        write_together(files(tmp_path))


def test_what_cannot_be_flushed_is_told_and_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_together([(path, b"old") for path, _ in files(tmp_path)])

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(together.os, "fsync", full)
    with pytest.raises(StoreError, match="cannot be written .*: No space left on device"):
        write_together(files(tmp_path))
    assert {path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == {b"old"}


FOREVER = """
import sys
from pathlib import Path
from features.core.storage.together import write_together
print("begin", flush=True)
while True:
    for letter in (b"a", b"b"):
        write_together([(Path(sys.argv[1], str(i)), letter * 1_000_000) for i in range(4)])
"""


def test_kill_in_the_middle_leaves_whole_files(tmp_path: Path) -> None:
    write_together([(tmp_path / str(i), b"a" * 1_000_000) for i in range(4)])
    for trial in range(3):
        process = subprocess.Popen([sys.executable, "-c", FOREVER, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.03 + 0.017 * trial)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        for i in range(4):
            data = (tmp_path / str(i)).read_bytes()
            assert data in (b"a" * 1_000_000, b"b" * 1_000_000)
