"""Digests: the addresses of results. Same bytes and same settings give the same digest on every machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path


def digest_bytes(data: bytes | memoryview) -> str:
    """sha-256 of bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> str:
    """sha-256 of a file's bytes, read in blocks.

    Raises OSError if the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_files(paths: Iterable[Path]) -> str:
    """One digest of a set of files: independent of their names, places and order."""
    return digest_bytes("".join(sorted(digest_file(path) for path in paths)).encode())


def digest_folder(path: Path) -> str:
    """sha-256 of the files below a folder, with their names as seen from it, whatever their order; of a file, that of its bytes.

    Raises OSError if one cannot be read.
    """
    if path.is_file():
        return digest_file(path)
    files = sorted(one for one in path.rglob("*") if one.is_file())
    return digest_json([[one.relative_to(path).as_posix(), digest_file(one)] for one in files])


def digest_json(value: object) -> str:
    """Digest of a JSON value: keys sorted, no spaces, so that equal settings are equal bytes.

    >>> digest_json({"b": 1, "a": [2]}) == digest_json({"a": [2], "b": 1})
    True
    """
    return digest_bytes(json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode())
