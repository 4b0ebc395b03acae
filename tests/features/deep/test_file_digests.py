"""Digests of checkpoints: a file is read once as long as it stays the same file, and what changed is read again."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from features.core.errors import WeightsError
from features.deep import file_digests
from features.deep.file_digests import _kept, kept_digest, read_digest


@pytest.fixture
def parts(tmp_path: Path) -> tuple[Path, ...]:
    found = (tmp_path / "a.pth", tmp_path / "b.pth")
    for path in found:
        path.write_bytes(path.name.encode())
    return found


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Sequence[Path]]:
    """What was read since; files are taken as settled at once."""
    calls: list[Sequence[Path]] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(file_digests, "SETTLED_NS", 0)
    monkeypatch.setattr(file_digests, "read_digest", lambda parts: (calls.append(parts), read_digest(parts))[1])
    _kept.cache_clear()
    return calls


def test_a_file_is_read_once_by_all_processes(parts: tuple[Path, ...], read: list[Sequence[Path]]) -> None:
    wanted = read_digest(parts)
    assert wanted != read_digest(parts[::-1])
    for _ in range(2):
        assert kept_digest(parts) == wanted
        _kept.cache_clear()  # as another process begins
    assert len(read) == 1
    assert kept_digest(parts[:1]) == read_digest(parts[:1])
    assert len(read) == 2


def rewritten(path: Path) -> None:
    """The same size and time of modification, as `cp --preserve` leaves."""
    before = path.stat()
    path.write_bytes(b"A.pth")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path: Path) -> None:
    path.rename(path.with_name("old"))
    path.write_bytes(b"other")


@pytest.mark.parametrize("change", [rewritten, replaced])
def test_another_file_in_its_place_is_read(
    parts: tuple[Path, ...], read: list[Sequence[Path]], change: Callable[[Path], None]
) -> None:
    before = kept_digest(parts)
    change(parts[0])
    assert kept_digest(parts) == read_digest(parts) != before


def test_a_file_of_this_moment_is_read_each_time_and_a_cache_that_is_none_too(
    parts: tuple[Path, ...], read: list[Sequence[Path]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_digests, "SETTLED_NS", 10**12)
    assert kept_digest(parts) == kept_digest(parts)
    assert len(read) == 2
    monkeypatch.setattr(file_digests, "SETTLED_NS", 0)
    (tmp_path / "cache").write_bytes(b"in the way")
    assert kept_digest(parts) == read_digest(parts)


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.pth").mkdir()
    with pytest.raises(WeightsError, match=r"the checkpoint .*a\.pth cannot be read: Is a directory"):
        read_digest([tmp_path / "a.pth"])
