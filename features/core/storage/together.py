"""Files that are written together: the disk is waited for twice in all, not twice for each."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from features.core.errors import StoreError
from features.core.storage.place import TEMPORARY, Bytes, is_remote, write_bytes

THREADS = 8  # that write at a time where each file is waited for
TELLS = (5, 8)  # the Linux from which on syncfs says of a disk that it could not write


def write_together(files: Sequence[tuple[Path, Bytes]]) -> None:
    """Write files so that after a crash each is either whole or absent, as `write_bytes` does.

    Where the system can, all of them are written beside their places, flushed at once (syncfs), given their names, and flushed
    again. Raises StoreError if the disk is full or not writable, where no file is there that was not; NetworkError if object
    storage does not answer.
    """
    if len(files) < 2:
        for path, data in files:
            write_bytes(path, data)
        return
    if _syncfs() is None or any(is_remote(path) for path, _ in files):
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(write_bytes, *zip(*files, strict=True)))
        return
    ending = f".{secrets.token_hex(6)}{TEMPORARY}"
    waiting: dict[Path, Path] = {}  # temporary file → its place
    devices: dict[int, Path] = {}  # of these folders
    path, data = files[0]
    try:
        for path, data in files:
            temporary = path.with_name(f".{path.name}{ending}")
            handle = _created(temporary)
            waiting[temporary] = path
            try:
                os.fchmod(handle, 0o644)
                devices.setdefault(os.fstat(handle).st_dev, path.parent)
                _write(handle, data)
            finally:
                os.close(handle)
        _flush(devices.values())
        for temporary, path in waiting.items():
            os.replace(temporary, path)  # noqa: PTH105 (Path's costs as much as the rest)
        waiting.clear()
        _flush(devices.values())
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({len(data)} bytes): {error.strerror or error}") from error
    finally:
        for temporary in waiting:
            with contextlib.suppress(OSError):
                temporary.unlink()


def _created(temporary: Path) -> int:
    """A new file, its folder made if need be."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(temporary, flags, 0o644)
    except FileNotFoundError:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        return os.open(temporary, flags, 0o644)


def _write(handle: int, data: Bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _flush(folders: Iterable[Path]) -> None:
    """Make all that was written to the disks of these folders durable. Raises OSError if that fails."""
    flush = _syncfs()
    assert flush is not None
    for folder in folders:
        handle = os.open(folder, os.O_RDONLY)
        try:
            if flush(handle):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        finally:
            os.close(handle)


@cache
def _syncfs() -> Callable[[int], int] | None:
    """syncfs of the C library, where it is there and tells what failed; None elsewhere."""
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if sys.platform != "linux" or release is None or (int(release[1]), int(release[2])) < TELLS:
        return None
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    return found
