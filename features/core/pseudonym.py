"""Pseudonyms: a keyed hash of patient ids, so that nobody without the key can go back, and equal ids meet again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import tempfile
import unicodedata
from pathlib import Path

from features.core.errors import RadweaveError, StoreError

KEY_VARIABLE = "RADWEAVE_KEY_FILE"
MIN_CHARACTERS = 32
_MARK = b"\0radweave key"  # begins like no cohort's name, so it can be no patient's text


class NoKeyError(RadweaveError):
    """The file of the pseudonym key is not there."""


def key_file() -> Path:
    """Where the key lies: RADWEAVE_KEY_FILE, or the user's configuration folder; always outside the store.

    Raises RadweaveError if neither is known: a user without a home folder.
    """
    if os.environ.get(KEY_VARIABLE):
        return Path(os.environ[KEY_VARIABLE])
    try:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    except RuntimeError:
        raise RadweaveError(f"this user has no home folder to keep the pseudonym key in; set {KEY_VARIABLE}") from None
    return folder / "radweave" / "pseudonym.key"


def load_key(path: Path | None = None) -> bytes:
    """The secret key in a file, None: the user's own. Nothing is made.

    Raises NoKeyError if the file is not there; RadweaveError if it cannot be read, is no text of one word, or is too short.
    """
    path = path or key_file()
    try:
        key = path.read_text("ascii").strip()
    except FileNotFoundError:
        raise NoKeyError(
            f"{path}: there is no pseudonym key; set {KEY_VARIABLE} to the file that holds yours. If you never had one: "
            "radweave make-key"
        ) from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise RadweaveError(f"{path}: the pseudonym key cannot be read ({why}); set {KEY_VARIABLE}") from None
    except UnicodeDecodeError:
        raise RadweaveError(f"{path}: the pseudonym key cannot be read (it is no text); set {KEY_VARIABLE}") from None
    if len(key) < MIN_CHARACTERS:
        raise RadweaveError(
            f"{path}: the pseudonym key is shorter than {MIN_CHARACTERS} characters; set {KEY_VARIABLE}"
        )
    if len(key.split()) > 1:
        raise RadweaveError(f"{path}: the pseudonym key has blanks or several lines; set {KEY_VARIABLE}")
    return key.encode()


def make_key(path: Path | None = None) -> bytes:
    """A new secret key, kept in a file that its owner alone can read. Losing it means new pseudonyms for everyone.

    If the file is there, its key stays and is given. Raises RadweaveError as `load_key`, or if no file can be made.
    """
    path = path or key_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 600
        try:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32) + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.link(name, path)
        finally:
            Path(name).unlink()
    except FileExistsError:
        pass
    except OSError as error:
        raise StoreError(f"{path}: no pseudonym key can be made here ({error.strerror}); set {KEY_VARIABLE}") from error
    return load_key(path)


def fingerprint(key: bytes) -> str:
    """32 hexadecimal digits by which a key is recognised: an HMAC of a fixed text, which reveals nothing of the key."""
    return hmac.new(key, _MARK, hashlib.sha256).hexdigest()[:32]


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


def is_pseudonym(text: str) -> bool:
    """Whether a text has the form of a pseudonym: anything else may be a patient's id, and is not repeated."""
    return re.fullmatch("[a-z2-7]{12}", text) is not None
