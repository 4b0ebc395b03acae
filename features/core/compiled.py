"""njit: numba's, with a cache on disk that holds for one state of all compiled sources.

numba compiles a function anew when its own file has changed, not when a function of another file that it calls has: after an
update the old one would go on giving its numbers. So the cache lies in a folder that is named by a digest of all files which
compile something.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numba
from numba import config

_ROOT = Path(__file__).parents[2]
_MARK = b"from features.core.compiled import njit"


def compiled_digest(root: Path) -> str:
    """A digest of all files below features/ and tasks/ that compile functions: 16 hexadecimal digits."""
    found = hashlib.sha256()
    for path in sorted(path for room in ("features", "tasks") for path in (root / room).rglob("*.py")):
        source = path.read_bytes()
        if _MARK in source:
            found.update(f"{path.relative_to(root).as_posix()}\0{len(source)}\0".encode() + source)
    return found.hexdigest()[:16]


def _cache_folder() -> Path:
    """Below NUMBA_CACHE_DIR if that is set, beside the sources if they can be written to, else in the user's own cache."""
    given, beside = os.environ.get("NUMBA_CACHE_DIR", ""), _ROOT / "features" / "__pycache__"
    if given:
        base = Path(given)
    elif os.access(beside if beside.is_dir() else beside.parent, os.W_OK):
        base = beside
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "radweave"
    return base / f"compiled-{compiled_digest(_ROOT)}"


_FOLDER = str(_cache_folder())


def njit(*given: Any, **settings: Any) -> Any:
    """numba.njit. The folder is told each time: numba forgets it where a variable NUMBA_… of the environment has changed."""
    config.CACHE_DIR = _FOLDER
    return numba.njit(*given, **settings)
