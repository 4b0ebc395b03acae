"""list_files: every file below a folder, and whether it may be read: links must not lead outside the cohort's root."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import NamedTuple

from features.core.catalog.pacs_source import PACS_FOLDER
from features.core.errors import RadweaveError
from features.core.storage.store import is_store

MEMBER = "\0"  # what `real` begins with if a file was unpacked from an archive


class FoundFile(NamedTuple):
    """A file that may be read. `name`: its path below the root; `real`: the same with links resolved."""

    path: Path
    name: str
    real: str
    size: int
    mtime_ns: int


Listing = tuple[list[FoundFile], list[Path]]
ListFolder = Callable[[str], Listing]  # a folder of the catalog: its files that may be read, and what may not


def image_folder(root: Path, path: str) -> Path:
    """A folder of the catalog below the cohort's root. Raises RadweaveError if it is absent or lies outside."""
    folder = (root / path).resolve()
    if not folder.is_relative_to(root):
        raise RadweaveError(f'the image path "{path}" leads outside the folder of the cohort')
    if not folder.is_dir():
        raise RadweaveError(f'there is no folder "{path}" below the folder of the cohort, and no archive of that name')
    return folder


def list_files(folder: Path, root: Path) -> Listing:
    """Files below a folder (or one file) that may be read, and entries that may not, sorted. `root` is resolved.

    Not to be read: links that lead outside the root or to nothing, linked folders (never followed), folders that cannot
    be listed, and whatever is neither a file nor a folder. Left out: series that are still being retrieved from a PACS, and
    a store of radweave.
    """
    readable: list[FoundFile] = []
    refused: list[Path] = []
    start = len(str(root).rstrip("/")) + 1
    places = [folder]
    while places:
        path = places.pop()
        try:
            stat = path.lstat()
            name = real = str(path)[start:]
            if S_ISDIR(stat.st_mode):
                if path.name != PACS_FOLDER and not is_store(path):
                    places += path.iterdir()
                continue
            if S_ISLNK(stat.st_mode):  # only links are resolved, which is slow
                target = path.resolve()
                stat, real = target.stat(), str(target)[start:] if target.is_relative_to(root) else ""
            fine = S_ISREG(stat.st_mode) and bool(real)
        except (OSError, RuntimeError):  # RuntimeError: a loop of links
            fine = False
        if fine:
            readable.append(FoundFile(path, name, real, stat.st_size, stat.st_mtime_ns))
        else:
            refused.append(path)
    return sorted(readable, key=lambda one: one.name), sorted(refused)
