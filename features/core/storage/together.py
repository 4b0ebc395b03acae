"""Files that are written together: disks make durable at once what they are asked for at once."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from features.core.errors import StoreError
from features.core.storage.place import TEMPORARY, Bytes, is_remote, sync_folder, write_bytes

THREADS = 16  # that wait for a disk


def write_together(files: Sequence[tuple[Path, Bytes]]) -> None:
    """Write files so that after a crash each is either whole or absent, as `write_bytes` does.

    All are written beside their places, made durable at once, given their names, and then their folders are made durable. Each
    is asked for by itself: syncfs would wait for what other programs write to the same disk. Raises StoreError if the disk is
    full or not writable, where no file is there that was not; NetworkError if object storage does not answer. Of a path that is
    given twice the last counts.
    """
    files = list(dict(files).items())
    if len(files) < 2:
        for path, data in files:
            write_bytes(path, data)
        return
    with ThreadPoolExecutor(min(THREADS, len(files))) as threads:
        if any(is_remote(path) for path, _ in files):
            list(threads.map(write_bytes, *zip(*files, strict=True)))
        else:
            _write_local(files, threads)


def _write_local(files: Sequence[tuple[Path, Bytes]], threads: ThreadPoolExecutor) -> None:
    ending = f".{secrets.token_hex(6)}{TEMPORARY}"
    waiting: dict[Path, Path] = {}  # temporary file → its place
    handles: list[int] = []
    path, data = files[0]
    try:
        for path, data in files:
            temporary = path.with_name(f".{path.name}{ending}")
            handles.append(_created(temporary))
            waiting[temporary] = path
            os.fchmod(handles[-1], 0o644)
            _write(handles[-1], data)
        list(threads.map(os.fsync, handles))
        for temporary, path in waiting.items():
            os.replace(temporary, path)  # noqa: PTH105 (Path's costs as much as the rest)
        waiting.clear()
        list(threads.map(sync_folder, sorted({path.parent for path, _ in files})))
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({len(data)} bytes): {error.strerror or error}") from error
    finally:
        for handle in handles:
            os.close(handle)
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
