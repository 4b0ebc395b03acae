"""Pseudonyms: a keyed hash of patient ids, so that nobody without the key can go back, and equal ids meet again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import unicodedata
from pathlib import Path

from features.core.errors import RadweaveError

KEY_VARIABLE = "RADWEAVE_KEY_FILE"


def key_file() -> Path:
    """Where the key lies: RADWEAVE_KEY_FILE, or the user's configuration folder; always outside the store."""
    if os.environ.get(KEY_VARIABLE):
        return Path(os.environ[KEY_VARIABLE])
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "radweave" / "pseudonym.key"


def load_key() -> bytes:
    """The secret key; made at first use, readable by its owner alone. Losing it means new pseudonyms for everyone.

    Raises RadweaveError if it cannot be made, or is too short.
    """
    path = key_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        try:
            key = path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise RadweaveError(f"{path}: the pseudonym key cannot be read; set {KEY_VARIABLE}") from None
        if len(key) < 32:
            raise RadweaveError(f"{path}: the pseudonym key is shorter than 32 characters") from None
        return key.encode()
    except OSError as error:
        raise RadweaveError(
            f"{path}: no pseudonym key can be made here ({error.strerror}); set {KEY_VARIABLE}"
        ) from error
    key = secrets.token_hex(32)
    with os.fdopen(handle, "w") as file:
        file.write(key + "\n")
    return key.encode()


def canonical_id(patient: str) -> str:
    """A patient id as sites write it, without the blanks around it; composed and decomposed letters are the same."""
    return unicodedata.normalize("NFC", patient.strip())


def pseudonym(key: bytes, cohort: str, patient: str) -> str:
    """12 letters and digits (60 bits) that stand for a patient of a cohort.

    >>> pseudonym(b"k" * 32, "sts", "STS_002") == pseudonym(b"k" * 32, "sts", " STS_002 ")
    True
    """
    code = hmac.new(key, f"{cohort}\0{canonical_id(patient)}".encode(), hashlib.sha256).digest()
    return base64.b32encode(code)[:12].decode().lower()
