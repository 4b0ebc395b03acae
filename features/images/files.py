"""list_files: every file below a folder, and whether it may be read: links must not lead outside the cohort's root."""

from __future__ import annotations

import os
from pathlib import Path

from features.core.errors import RadweaveError


def image_folder(root: Path, path: str) -> Path:
    """A folder of the catalog below the cohort's root. Raises RadweaveError if it is absent or lies outside."""
    folder = (root / path).resolve()
    if not folder.is_relative_to(root):
        raise RadweaveError(f'the image path "{path}" leads outside the folder of the cohort')
    if not folder.is_dir():
        raise RadweaveError(f'there is no folder "{path}" below the folder of the cohort')
    return folder


def list_files(folder: Path, root: Path) -> tuple[list[Path], list[Path]]:
    """Files below a folder that may be read, and entries that may not, both sorted.

    Not to be read: links that lead outside the root or to nothing, linked folders (never followed), and whatever is
    neither a file nor a folder.
    """
    readable: list[Path] = []
    refused: list[Path] = []
    for place, folders, names in os.walk(folder, followlinks=False):
        here = Path(place)
        refused += [here / name for name in folders if (here / name).is_symlink()]
        for name in names:
            path = here / name
            try:
                fine = path.resolve().is_relative_to(root) and path.is_file()
            except (OSError, RuntimeError):  # RuntimeError: a loop of links
                fine = False
            (readable if fine else refused).append(path)
    return sorted(readable), sorted(refused)
