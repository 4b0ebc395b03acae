"""Files that a command writes and may write again, until a person has changed them."""

from __future__ import annotations

import re
from pathlib import Path

from features.core.digest import digest_bytes
from features.core.errors import RadweaveError
from features.core.storage.place import write_bytes

_SEAL = re.compile(r"# Drafted; written again only while unchanged: ([0-9a-f]{16})\n")


def sealed(text: str) -> str:
    """A text below a line that tells later whether it was changed."""
    return f"# Drafted; written again only while unchanged: {_digest(text)}\n{text}"


def is_unchanged(text: str) -> bool:
    """Whether a text is as `sealed` made it."""
    seal = _SEAL.match(text)
    return seal is not None and seal[1] == _digest(text[seal.end() :])


def check_own(path: Path, instead: str) -> None:
    """Raises RadweaveError if there is a file that was changed, or that is none of a draft. instead: what to do."""
    if path.exists() and not is_unchanged(path.read_text("utf-8", errors="replace")):
        raise RadweaveError(
            f"{path}: there is a file that a person wrote or changed, which is not written over; {instead}"
        )


def write_own(path: Path, text: str) -> None:
    """Write a file sealed, unless it is there as it would be written. Raises StoreError if it cannot be written."""
    data = sealed(text).encode()
    if not path.exists() or path.read_bytes() != data:
        write_bytes(path, data)


def _digest(text: str) -> str:
    return digest_bytes(text.encode())[:16]
