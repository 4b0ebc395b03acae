"""check_free: that no file would be written over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from features.core.errors import RadweaveError


def check_free(out: Path, folder: Path, files: Sequence[Path] = ()) -> None:
    """Raises RadweaveError if the catalog, or another of the files to be written, is there already."""
    if out.suffix not in (".yaml", ".yml"):
        raise RadweaveError(f"--out {out}: a catalog is a YAML file; for example --out {out.name or 'new'}.yaml")
    other = f"radweave init {folder} --out FOLDER/{out.name}"
    if out.exists():
        raise RadweaveError(
            f"{out}: there is a catalog already, and init writes over nothing; give another one: {other}"
        )
    there = [str(path) for path in files if path.exists()]
    if there:
        raise RadweaveError(
            f"{', '.join(there)}: there already, and init writes over nothing; give another folder: {other}"
        )
