"""read_dataset: one DICOM file as a pydicom Dataset, or Rejected. All DICOM of this room is opened here."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from features.core.quarantine import Rejected

logging.getLogger("pydicom").propagate = False  # what it logs quotes values, which may be patient data

_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")  # files without a preamble begin with one of these


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, pydicom's warnings are dropped: they quote values, which may be patient data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def looks_like_dicom(path: Path) -> bool:
    """Whether a file has the DICM mark, or begins like DICOM without a preamble. Raises OSError."""
    with path.open("rb") as file:
        start = file.read(132)
    return start[128:] == b"DICM" or start[:2] in _FIRST_GROUPS


def read_dataset(path: Path, *, tags: Sequence[str] | None = None) -> Dataset:
    """A DICOM file; with `tags` (keywords) only those, and no pixels.

    Raises Rejected: UNREADABLE (cannot be opened, not DICOM), DICOM_TRUNC (cannot be parsed).
    """
    try:
        if not looks_like_dicom(path):
            raise Rejected("UNREADABLE", "a file is not DICOM")
        size = path.stat().st_size
        with quiet():
            wanted = None if tags is None else ["SOPClassUID", *tags]
            dataset = dcmread(path, force=True, stop_before_pixels=wanted is not None, specific_tags=wanted)
            if "SOPClassUID" not in dataset:
                raise Rejected("DICOM_TRUNC", "a DICOM file has no SOPClassUID", bytes=size)
    except (Rejected, MemoryError):
        raise
    except OSError as error:
        raise Rejected("UNREADABLE", "a file cannot be opened") from error
    except Exception as error:  # a broken file can raise anything inside the parser
        raise Rejected("DICOM_TRUNC", bytes=size) from error
    return dataset


def numbers(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """`count` finite numbers of an attribute, or None if it is absent, of another length or unreadable."""
    try:
        with quiet():
            value = dataset.get(keyword)
            if value is None:
                return None
            found = tuple(float(part) for part in (value if count > 1 else [value]))
    except (ValueError, TypeError, ArithmeticError):
        return None
    return found if len(found) == count and all(abs(part) < float("inf") for part in found) else None


def text(dataset: Dataset, keyword: str) -> str:
    """An attribute as stripped text, several values joined by a slash; empty if absent or unreadable."""
    try:
        with quiet():
            value = dataset.get(keyword)
    except Exception:  # conversion of a damaged value can raise anything
        return ""
    if value is None:
        return ""
    parts = [value] if isinstance(value, str | int | float) or not hasattr(value, "__iter__") else value
    return "/".join(str(part).strip() for part in parts)
