"""list_files: every file below a folder, and whether it may be read: links must not lead outside the cohort's root."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from features.core.errors import RadweaveError


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
        raise RadweaveError(f'there is no folder "{path}" below the folder of the cohort')
    return folder


def list_files(folder: Path, root: Path) -> Listing:
    """Files below a folder that may be read, and entries that may not, both sorted. Both paths are resolved.

    Not to be read: links that lead outside the root or to nothing, linked folders (never followed), folders that cannot
    be listed, and whatever is neither a file nor a folder.
    """
    readable: list[FoundFile] = []
    refused: list[str] = []
    start = len(str(root).rstrip("/")) + 1
    folders = [str(folder)]
    while folders:
        here = folders.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif (found := _found(entry, root, start)) is not None:
                        readable.append(found)
                    else:
                        refused.append(entry.path)
        except OSError:
            refused.append(here)
    return sorted(readable, key=lambda one: one.name), [Path(path) for path in sorted(refused)]


def _found(entry: os.DirEntry[str], root: Path, start: int) -> FoundFile | None:
    name = real = entry.path[start:]
    try:
        if entry.is_symlink():  # only links need to be resolved, which is slow
            target = Path(entry.path).resolve()
            if not target.is_relative_to(root):
                return None
            real = str(target)[start:]
        if not entry.is_file():
            return None
        stat = entry.stat()
    except (OSError, RuntimeError):  # RuntimeError: a loop of links
        return None
    return FoundFile(Path(entry.path), name, real, stat.st_size, stat.st_mtime_ns)
