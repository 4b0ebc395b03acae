"""Locks between processes: the kernel takes them back when their holder ends, even by kill -9."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.core.errors import StoreError
from features.core.storage.place import is_remote


@contextmanager
def locked(path: Path, what: str, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Hold a lock inside the block; `what` says in the error what is going on: "cohort x is being refreshed".

    shared: several holders at once, but no exclusive one. wait: until the lock is free instead of refusing. On object
    storage there are no locks: there commits refuse what another writer changed meanwhile.
    Raises StoreError if another process holds the lock, or the lock cannot be made (read-only store).
    """
    if is_remote(path):
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(f"{path.parent.parent}: cannot be written: {error.strerror or error}") from error
    try:
        mode = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(handle, mode | (0 if wait else fcntl.LOCK_NB))
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise StoreError(f"{path}: cannot be locked: {error.strerror or error}") from error
            holder = os.pread(handle, 200, 0).decode("utf-8", "replace").strip()
            raise StoreError(f"{what}{f' by {holder}' if holder else ''}; try again when it has ended") from None
        if not shared:
            os.truncate(handle, 0)
            os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
