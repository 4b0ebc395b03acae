"""read_dataset: one DICOM file as a pydicom Dataset, or Rejected. All DICOM of this room is opened here."""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from features.core.quarantine import Rejected

logging.getLogger("pydicom").propagate = False  # what it logs quotes values, which may be patient data

BOMB_RATIO, BOMB_BYTES, BOMB_CEILING = 100, 2**26, 2**31  # inflated at most so many times, if it is more than so much
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")  # files without a preamble begin with one of these
_DEFLATED, _PLAIN = b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.1\0\0\0"
_META = 144  # where file meta information begins, after its own length
_WHOLE = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}


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


def read_dataset(path: Path, *, tags: Sequence[str | int] | None = None) -> Dataset:
    """A DICOM file; with `tags` (keywords, or numbers) only those, and no pixels.

    Raises Rejected: UNREADABLE (cannot be opened, not DICOM), DICOM_TRUNC (cannot be parsed), SEC_BOMB (a deflated file
    unpacks to over 64 MiB and 100 times its size, or to over 2 GiB).
    """
    size = 0
    try:
        with path.open("rb") as file:
            start = file.read(4096)
            size = path.stat().st_size
            if start[128:132] != b"DICM" and start[:2] not in _FIRST_GROUPS:
                raise Rejected("UNREADABLE", "a file is not DICOM")
            deflated = start[128:132] == b"DICM" and _DEFLATED in start
            # Read whole: of a file in memory, pydicom cannot be made to claim more than it holds.
            data = start + file.read() if tags is None or deflated else None
        with quiet():
            wanted = None if tags is None else ["SOPClassUID", *tags]
            source = path if data is None else BytesIO(_inflated(data) if deflated else data)
            dataset = dcmread(source, force=True, stop_before_pixels=wanted is not None, specific_tags=wanted)
            dataset.buffer, dataset.filename = None, str(path)
            if "SOPClassUID" not in dataset:
                raise Rejected("DICOM_TRUNC", "a DICOM file has no SOPClassUID", bytes=size)
    except (Rejected, MemoryError):
        raise
    except OSError as error:
        raise Rejected("UNREADABLE", "a file cannot be opened") from error
    except Exception as error:  # a broken file can raise anything inside the parser, RecursionError too
        raise Rejected("DICOM_TRUNC", bytes=size) from error
    return dataset


def numbers(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """`count` finite numbers of an attribute, or None if it is absent, of another length or unreadable."""
    try:
        raw = dataset.get_item(_tag(keyword))
        if raw is None:
            return None
        if isinstance(raw, RawDataElement) and raw.VR in ("DS", "IS"):  # ten times faster than pydicom's classes
            found = _decimals(raw.value)
        elif isinstance(raw, RawDataElement) and raw.VR in _WHOLE and count == 1:
            form = ("<" if raw.is_little_endian else ">") + _WHOLE[raw.VR]
            found = tuple(map(float, struct.unpack(form, raw.value)))
        else:
            with quiet():
                value = dataset[_tag(keyword)].value
            found = tuple(float(part) for part in (value if count > 1 else [value]))
    except Exception:  # conversion of a damaged value can raise anything
        return None
    return found if len(found) == count and all(abs(part) < float("inf") for part in found) else None


def holds(dataset: Dataset, keyword: str) -> bool:
    """Whether an attribute is there and not empty, readable or not."""
    try:
        raw = dataset.get_item(_tag(keyword))
        return raw is not None and raw.value not in (None, b"", "", [])
    except Exception:  # conversion of a damaged value can raise anything
        return True


def text(dataset: Dataset, keyword: str) -> str:
    """An attribute as stripped text, several values joined by a slash; empty if absent or unreadable."""
    if _tag(keyword) not in dataset:
        return ""
    try:
        with quiet():
            value = dataset[_tag(keyword)].value
    except Exception:  # conversion of a damaged value can raise anything
        return ""
    if value is None:
        return ""
    parts = [value] if isinstance(value, str | int | float) or not hasattr(value, "__iter__") else value
    return "/".join(str(part).strip() for part in parts)


def pixel_data(dataset: Dataset) -> bytes:
    """The bytes of the pixel data, as they are in the file. Raises Rejected: DICOM_DECODE."""
    try:
        with quiet():
            value = dataset.get_item(_tag("PixelData")).value
    except Exception as error:  # conversion of a damaged value can raise anything
        raise Rejected("DICOM_DECODE", "the pixel data are damaged") from error
    if not isinstance(value, bytes):
        raise Rejected("DICOM_DECODE", "the pixel data are no bytes")
    return value


@cache
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)


def _decimals(value: bytes) -> tuple[float, ...]:
    if b"_" in value:
        raise ValueError("Python reads 1_5 as a number, DICOM does not")
    return tuple(float(part) for part in value.rstrip(b"\0 ").split(b"\\"))


def _inflated(data: bytes) -> bytes:
    """A deflated file as if it had been written without compression."""
    start = _META + int.from_bytes(data[_META - 4 : _META], "little")
    limit = min(max(BOMB_RATIO * len(data), BOMB_BYTES), BOMB_CEILING)
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = unpacking.decompress(data[start:], limit + 1)
    if len(plain) > limit:
        raise Rejected("SEC_BOMB", bytes=len(data), limit_bytes=limit)
    if not unpacking.eof:
        raise Rejected("DICOM_TRUNC", "a deflated file ends before its data do", bytes=len(data))
    return data[:start].replace(_DEFLATED, _PLAIN) + plain
