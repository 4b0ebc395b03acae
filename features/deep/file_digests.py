"""Digests of checkpoints. That of a file that was read before, and is the same file still, is kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from features.core.digest import digest_json
from features.core.errors import StoreError, WeightsError
from features.core.storage.place import write_bytes

BLOCK = 1 << 22  # bytes that are read at a time
DIGITS = 32  # of the name of a record
SETTLED_NS = 2_000_000_000  # a file that changed less long ago may change again without its times telling so
Marks = tuple[tuple[int, ...], ...]


def read_digest(parts: Sequence[Path]) -> str:
    """sha-256 of the bytes of files, one after the other. Raises WeightsError if one cannot be read."""
    whole = hashlib.sha256()
    for part in parts:
        try:
            with part.open("rb") as file:
                while block := file.read(BLOCK):
                    whole.update(block)
        except OSError as error:
            raise WeightsError(f"the checkpoint {part} cannot be read: {error.strerror or error}") from error
    return whole.hexdigest()


def kept_digest(parts: Sequence[Path]) -> str:
    """As `read_digest`, without reading files that were read before and have kept their place, size and times.

    Hundreds of megabytes are not read again by each refresh and each process. Whoever loads a checkpoint reads it anyway, and
    takes `read_digest`: a disk may have lost a bit without any time telling so.
    """
    found = tuple(part.stat() for part in parts)
    marks = tuple((one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for one in found)
    if max(one.st_ctime_ns for one in found) > time.time_ns() - SETTLED_NS:
        return read_digest(parts)
    return _kept(tuple(map(str, parts)), marks)


@lru_cache(maxsize=64)
def _kept(names: tuple[str, ...], marks: Marks) -> str:
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "radweave" / "digests"
    key = digest_json([names, marks])[:DIGITS]
    for path in folder.glob(f"{key}-*") if folder.is_dir() else ():
        if re.fullmatch(r"[0-9a-f]{64}", digest := path.name.removeprefix(f"{key}-")):
            return digest
    digest = read_digest([Path(name) for name in names])
    try:
        write_bytes(folder / f"{key}-{digest}", b"")  # the name says it all: there is nothing inside to be damaged
    except (OSError, StoreError):
        return digest  # it is read again the next time
    return digest
