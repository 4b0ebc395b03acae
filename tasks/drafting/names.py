"""cohort_name, root_of: what the cohort is called, and how the catalog names the folder of its files."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from features.core.errors import RadweaveError
from tasks.drafting.columns import slug

_WORD = re.compile(r"[a-z][a-z0-9_]{0,59}")


def cohort_name(given: str, folder: Path, reserved: Collection[str] = ()) -> str:
    """The name that was given, else that of the folder in small letters.

    reserved: cohorts of radweave's own studies, which are not taken by chance. Raises RadweaveError if the given one is none.
    """
    if given:
        if not _WORD.fullmatch(given):
            allowed = "small letters, digits and underscores, a letter first, 60 at most"
            raise RadweaveError(
                f'--cohort {given}: is no name of a cohort; allowed: {allowed}. For example "{slug(given)}"'
            )
        return given
    name = slug(folder.resolve().name or "cohort")
    return f"{name[:55]}_data" if name in reserved else name


def root_of(folder: Path, out: Path) -> str:
    """The folder as the catalog `out` names it: relative where it lies below the catalog's folder, else absolute."""
    root, beside = folder.resolve(), out.resolve().parent
    return os.path.relpath(root, beside) if root.is_relative_to(beside) else str(root)
