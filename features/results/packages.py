"""Packages: a saved model in one file, for another house to ask it about a cohort of its own.

A package is a ZIP file of known members, stored as they are, in one order and with one date: equal models give equal bytes, and
whatever else a ZIP file can hold is a change. Nothing of it is unpacked by the names that it gives.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from features.core.digest import digest_bytes
from features.core.errors import DataError, RadweaveError, StoreError
from features.core.storage.place import read_bytes, write_bytes
from features.core.storage.seal import KEY, json_bytes

ENDING = ".radweave"
FORMAT = 1  # of packages; raise it when an older radweave would misread one
MANIFEST, GUIDE = "package.json", "READ_ME.md"
_MODEL = "model/"
_SMALL, _LARGE = 2**26, 2**31
MOST_BYTES = {  # of each member that a package may have, in their order
    MANIFEST: _SMALL,
    GUIDE: _SMALL,
    **{f"{_MODEL}{name}": _SMALL for name in ("card.html", "card.json", "card.md", "nomogram.csv")},
    **{f"{_MODEL}{name}": _LARGE for name in ("arrays.parquet", "model.json", "schema.json")},
}
_FILES, _FORMAT, _RADWEAVE = "files", "format", "radweave"  # of the manifest
_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class Package:
    """facts: what package.json says. model: name → bytes of the files of the model's folder. sha256: of the whole file."""

    facts: Mapping[str, Any]
    model: Mapping[str, bytes]
    sha256: str

    def put_model(self, folder: Path) -> None:
        """Write the model into a folder, model.json last, under names that radweave knows."""
        for name in sorted(self.model, key=lambda one: one == "model.json"):
            write_bytes(folder / name, self.model[name])


def package_bytes(model: Mapping[str, bytes], guide: str, facts: Mapping[str, Any], radweave: str) -> bytes:
    """A package. model: name → bytes of the files of its folder. facts: what else package.json says. radweave: its version.

    Raises RadweaveError for a file that no package has, or that is too large.
    """
    files = {GUIDE: guide.encode(), **{f"{_MODEL}{name}": data for name, data in model.items()}}
    for name, data in files.items():
        if name not in MOST_BYTES or len(data) > MOST_BYTES[name]:
            raise RadweaveError(f"{name} ({len(data)} bytes) cannot be packed; allowed: {_allowed()}")
    if sum(map(len, files.values())) > _LARGE - 2 * _SMALL:
        raise RadweaveError(f"the model cannot be packed: a package has at most {_LARGE} bytes")
    told = {name: {"bytes": len(data), "sha256": digest_bytes(data)} for name, data in files.items()}
    manifest = json_bytes({**facts, _FORMAT: FORMAT, _RADWEAVE: radweave, _FILES: told})
    return _zipped({MANIFEST: manifest, **files})


def read_package(path: Path, radweave: str) -> Package:
    """A package, every byte of which was checked. Nothing is run and nothing is written.

    Raises DataError for a file that is no package or was altered, RadweaveError for one of another version of radweave than this.
    """
    try:
        if path.is_file() and path.stat().st_size > _LARGE:
            raise _altered(path, f"it has more than {_LARGE} bytes")
        data = read_bytes(path)
    except StoreError as error:
        raise DataError(str(error)) from error
    files = _members(path, data)
    facts = _manifest(path, files)
    if facts[_FORMAT] != FORMAT or facts[_RADWEAVE] != radweave:
        raise RadweaveError(
            f"{path}: was sealed by radweave {facts[_RADWEAVE]} (format {facts[_FORMAT]}); this is radweave {radweave} (format "
            f"{FORMAT}), which could compute other numbers: install that version, or ask for a package of this one"
        )
    told = facts[_FILES]
    if told.keys() != files.keys() - {MANIFEST}:
        raise _altered(path, f"its files are not those that {MANIFEST} names")
    for name, one in told.items():
        if one != {"bytes": len(files[name]), "sha256": digest_bytes(files[name])}:
            raise _altered(path, f"{name} is not the file that {MANIFEST} names")
    if _zipped(files) != data:
        raise _altered(path, "it holds more than its files")
    model = {name.removeprefix(_MODEL): own for name, own in files.items() if name.startswith(_MODEL)}
    return Package(facts, model, digest_bytes(data))


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """A ZIP file whose bytes depend on these alone, not on the machine."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in (one for one in MOST_BYTES if one in files):
            member = zipfile.ZipInfo(name, _DATE)
            member.create_system, member.external_attr = 3, 0o644 << 16
            archive.writestr(member, files[name])
    return packed.getvalue()


def _members(path: Path, data: bytes) -> dict[str, bytes]:
    """Name → bytes. Only names, sizes and a way of packing that a package has are read at all."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            for one in members:
                if one.filename not in MOST_BYTES:
                    raise _altered(path, f"it holds {one.filename!a}, which is none of {_allowed()}")
                if one.compress_type != zipfile.ZIP_STORED or one.file_size > MOST_BYTES[one.filename]:
                    raise _altered(path, f"{one.filename} is packed otherwise than radweave packs it")
            if len({one.filename for one in members}) != len(members):
                raise _altered(path, "it holds a file twice")
            return {one.filename: archive.read(one) for one in members}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise _altered(path, f"it is no whole package: {str(error) or type(error).__name__}") from error


def _manifest(path: Path, files: Mapping[str, bytes]) -> dict[str, Any]:
    """What package.json says. Its own bytes have to be as radweave writes them, the seal with them."""
    if MANIFEST not in files:
        raise _altered(path, f"it has no {MANIFEST}")
    try:
        facts = json.loads(files[MANIFEST])
    except ValueError as error:
        raise _altered(path, f"{MANIFEST} is no JSON") from error
    if not isinstance(facts, dict) or not {_FORMAT, _RADWEAVE, _FILES, KEY} <= facts.keys():
        raise _altered(path, f"{MANIFEST} lacks what it has to say")
    if not isinstance(facts[_FILES], dict):
        raise _altered(path, f"{MANIFEST} names no files")
    if json_bytes({key: value for key, value in facts.items() if key != KEY}) != files[MANIFEST]:
        raise _altered(path, f"{MANIFEST} is not what was written")
    return facts


def _altered(path: Path, why: str) -> DataError:
    return DataError(f"{path}: was altered, or is no package ({why}); nothing was run. Ask its sender for another copy")


def _allowed() -> str:
    return ", ".join(MOST_BYTES)
