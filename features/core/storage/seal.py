"""Seals: a file of the store holds the sha-256 of its own bytes, so that damage shows wherever the file was copied to.

The digest is that of the file while the digits of its seal are zeros. Parquet keeps it in its metadata, JSON under a key,
a page in its head, a drawing in a comment at its end. Files of an older radweave have no seal; of those nothing can be said.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from features.core.errors import DamagedError, StoreError
from features.core.storage.place import read_bytes

KEY = "radweave:seal"
_WORD = b"seal-sha256:"
SEAL_DIGITS = 64
BLANK = _WORD.decode() + SEAL_DIGITS * "0"
_PAGE = b"<!DOCTYPE html>"  # how a page begins
_VALUE = re.compile(_WORD + rb"[0-9a-f]{64}")
# Pattern of a folder of the store, how far from the end of the path it stands, and what to do about a damaged file in it.
_REMEDIES = (
    ("releases.json", -1, "restore it from a backup, or remove it"),
    (
        "refreshes",
        -2,
        "restore it from a backup; or, if an earlier one or withdrawals.json is left, remove it, and refresh",
    ),
    ("index", -2, "the next refresh reads the files of this cohort again"),
    ("quality", -2, "the next refresh, or radweave quality, writes it again"),
    ("thumbnail", -3, "radweave quality --draw draws it again"),
    ("stability_*", -3, "radweave stability computes it again"),
    ("tables", -3, "run radweave verify, which says what to do"),
    ("tables", -4, "run radweave verify, which says what to do"),
    ("stability", -3, "run radweave stability again"),
    ("views", -3, "the next refresh builds it again"),
    ("views", -4, "the next refresh builds it again"),
    ("views", -5, "the next refresh builds it again"),
    ("studies", -4, "remove the folder of this run and run the study again"),
    ("models", -4, "remove the folder of this model and fit it again: radweave study STUDY --final"),
    ("scores", -4, "remove the folder and run radweave score again"),
    ("work", -4, "remove it: its values stand in the tables, or the next refresh computes it again"),
)


def sealed(data: bytes) -> bytes:
    """The bytes of a file with the last `BLANK` in them filled in."""
    at = seal_place(data)
    return data[:at] + hashlib.sha256(data).hexdigest().encode() + data[at + SEAL_DIGITS :]


def seal_place(data: bytes) -> int:
    """Where in the bytes of a file, or of its end, the digits of its blank seal are."""
    return data.rindex(BLANK.encode()) + len(_WORD)


def resealed(data: bytes) -> bytes:
    """The bytes of a sealed file that were changed since, with the seal that fits them now."""
    at = data.rindex(_WORD) + len(_WORD)
    return sealed(data[:at] + SEAL_DIGITS * b"0" + data[at + SEAL_DIGITS :])


def check_seal(data: bytes, where: Path) -> bool:
    """Whether the bytes of a file hold a seal. Raises StoreError if they do not fit it.

    No single damage hides the seal: its key and its value would both have to be gone.
    """
    at = data.rfind(_WORD)
    if not _VALUE.match(data, max(at, 0)):
        if at >= 0 or KEY.encode() in data:
            raise damaged(where, "its seal is broken")
        if _PAGE.startswith(data[: len(_PAGE)]) and where.suffix == ".html" and not data.rstrip().endswith(b"</html>"):
            raise damaged(where, "it is cut")
        if where.suffix == ".svg":  # there was none without a seal
            raise damaged(where, "it is cut")
        return False
    at += len(_WORD)
    found = hashlib.sha256(memoryview(data)[:at])
    found.update(SEAL_DIGITS * b"0")
    found.update(memoryview(data)[at + SEAL_DIGITS :])
    if found.hexdigest().encode() != data[at : at + SEAL_DIGITS]:
        raise damaged(where, "its bytes do not give the digest that it holds")
    return True


def damaged(where: Path, why: str) -> DamagedError:
    """The error about a damaged file of the store: which, why one knows, and what to do about it."""
    return DamagedError(f"{where}: is damaged ({why}); {_remedy(where)}")


def read_sealed(path: Path) -> tuple[bytes, bool]:
    """The bytes of a file, and whether it is sealed. Raises StoreError if it is missing or damaged."""
    try:
        data = read_bytes(path)
    except StoreError as error:
        raise DamagedError(f"{error}; {_remedy(path)}") from error
    return data, check_seal(data, path)


def _remedy(where: Path) -> str:
    parts = where.parts
    fitting = (words for folder, at, words in _REMEDIES if len(parts) >= -at and fnmatchcase(parts[at], folder))
    return next(fitting, "restore it from a backup")


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """A JSON object as it is kept: keys sorted, sealed."""
    return sealed((json.dumps({**value, KEY: BLANK}, indent=1, sort_keys=True) + "\n").encode())


def read_json(path: Path) -> Any:
    """What a JSON file says, without its seal. Raises StoreError if it is missing or damaged."""
    data, held = read_sealed(path)
    try:
        found = json.loads(data)
    except ValueError as error:  # also where it is no UTF-8
        raise damaged(path, "it is no JSON") from error
    if held:
        del found[KEY]
    return found


def read_page(path: Path) -> str:
    """A page as text. Raises StoreError if it is missing or damaged."""
    return read_sealed(path)[0].decode("utf-8", "replace")


def page_bytes(html: str) -> bytes:
    """A page as it is kept, with a seal in its head."""
    head, tail = html.split("<head>", 1)
    return sealed(f'{head}<head>\n<meta name="{KEY}" content="{BLANK}">{tail}'.encode())


def drawing_bytes(svg: str) -> bytes:
    """A drawing, `<svg …>…</svg>`, as it is kept: readable by itself, with a seal behind it."""
    alone = svg.replace("<svg ", '<svg font-family="sans-serif" ', 1)  # on a page it has the font of the page
    return sealed(f"{alone}\n<!-- {KEY} {BLANK} -->\n".encode())
