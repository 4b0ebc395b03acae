"""DICOM UIDs that follow from the seed."""

from __future__ import annotations

import hashlib


def derive_uid(*parts: object) -> str:
    """A UID below 2.25 (at most 44 characters) that depends on the parts alone.

    >>> derive_uid(0, "A-0001") == derive_uid(0, "A-0001")
    True
    """
    digest = hashlib.sha256("\0".join(str(part) for part in parts).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
