"""pair_of: the header and the voxels of a NIfTI pair (.hdr with .img), whichever of its files is named."""

from __future__ import annotations

from pathlib import Path

from features.core.quarantine import Rejected

_HEADERS, _VOXELS = (".hdr", ".hdr.gz"), (".img", ".img.gz")
PAIR = (*_HEADERS, *_VOXELS)


def is_pair(path: Path) -> bool:
    """Whether a file's name is that of one half of a pair."""
    return path.name.lower().endswith(PAIR)


def pair_of(path: Path) -> tuple[Path, Path]:
    """The file with the header and the one with the voxels; any other file is both.

    The partner has the same name with the other ending, packed or not, in the same case of letters.
    Raises Rejected(UNREADABLE) if there is none, or if there are two.
    """
    ending = next((ending for ending in PAIR if path.name.lower().endswith(ending)), None)
    if ending is None:
        return path, path
    stem, own = path.name[: -len(ending)], path.name[-len(ending) :]
    others = _VOXELS if ending in _HEADERS else _HEADERS
    names = [stem + (other.upper() if own.isupper() else other) for other in others]
    found = [path.with_name(name) for name in names if _is_file(path.with_name(name))]
    if len(found) != 1:
        what = "is absent" if not found else "stands there twice, packed and not"
        raise Rejected("UNREADABLE", f"the {others[0]} of a pair of .hdr and .img {what}")
    return (path, found[0]) if ending in _HEADERS else (found[0], path)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name may be too long with the other ending
        return False
