"""strip_file: a NIfTI, NRRD or MetaImage file with nothing in its header but what places and scales its voxels."""

from __future__ import annotations

import gzip
import re
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, cast

import nibabel as nib

from features.core.errors import StoreError
from features.core.quarantine import Rejected
from features.images.formats.nifti import MAX_BYTES

_NIFTI_TEXTS = ("descrip", "aux_file", "intent_name", "db_name", "data_type")
_NRRD_FIELDS = (
    "type", "dimension", "space", "space dimension", "sizes", "space directions", "space origin", "kinds", "endian",
    "encoding", "spacings", "space units", "units", "centerings", "centers", "axis mins", "axis maxs",
)  # fmt: skip
_META_FIELDS = (
    "ObjectType", "NDims", "BinaryData", "BinaryDataByteOrderMSB", "CompressedData", "CompressedDataSize", "Offset",
    "TransformMatrix", "Position", "Origin", "Orientation", "CenterOfRotation", "AnatomicalOrientation",
    "ElementSpacing", "ElementSize", "DimSize", "HeaderSize", "ElementType", "ElementNumberOfChannels",
    "ElementDataFile",
)  # fmt: skip
_PLAIN = re.compile(r"[A-Za-z0-9 _.,+()\-\"]*")  # no path, no name of a person with its separators
_LONGEST = 65536
_BLOCK = 2**20


def strip_file(source: Path, target: Path) -> None:
    """Write the file anew. Voxels, geometry and scaling are the same; texts, extensions and comments are gone.

    Raises Rejected: NII_TRUNC (the header is damaged, bytes are missing, or there are too many), NOT_IMAGE (the voxels lie
    in another file), UNREADABLE. Raises StoreError if it cannot be written.
    """
    strip = {".nrrd": _strip_nrrd, ".mha": _strip_meta}.get(source.suffix.lower(), _strip_nifti)
    with ExitStack() as stack:
        try:
            reading: Any = stack.enter_context(source.open("rb"))
        except OSError as error:
            raise Rejected("UNREADABLE") from error
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            writing: Any = stack.enter_context(target.open("xb"))
            if source.name.lower().endswith(".gz"):  # a name and a time in the old one's head do not come along
                reading = stack.enter_context(gzip.GzipFile(fileobj=reading))
                writing = stack.enter_context(gzip.GzipFile("", "wb", 6, writing, mtime=0))
            strip(reading, writing)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Rejected("NII_TRUNC") from error
        except OSError as error:
            raise StoreError(f"{target}: cannot be written: {error.strerror or error}") from error


def _strip_nifti(reading: IO[bytes], writing: IO[bytes]) -> None:
    start = reading.read(4)
    kinds: dict[int, Any] = {348: nib.Nifti1Header, 540: nib.Nifti2Header}  # nibabel has no types
    size = next((n for n in kinds if start in (n.to_bytes(4, "little"), n.to_bytes(4, "big"))), 0)
    if not size:
        raise Rejected("NII_TRUNC", "the file is not NIfTI")
    header: Any = kinds[size](start + reading.read(size - 4), check=False)
    for name in _NIFTI_TEXTS:
        if name in header.template_dtype.names:
            header[name] = b""
    offset, voxels = int(header["vox_offset"]), header["dim"][1 : int(header["dim"][0]) + 1]
    length = int(header["bitpix"]) // 8
    for count in voxels:
        length *= int(count)
    if not size <= offset <= _LONGEST * 1024 or length <= 0:
        raise Rejected("NOT_IMAGE", "the voxels lie in another file")
    if length > MAX_BYTES:
        raise Rejected("NII_TRUNC", "the header claims more voxels than a file can hold")
    writing.write(header.binaryblock)
    _copy_exactly(reading, None, offset - size)  # extensions
    writing.write(bytes(offset - size))
    _copy_exactly(reading, writing, length)
    reading.read(1)  # the end of a compressed file holds its checksum


def _copy_exactly(reading: IO[bytes], writing: IO[bytes] | None, length: int) -> None:
    while length > 0:
        block = reading.read(min(length, _BLOCK))
        if not block:
            raise Rejected("NII_TRUNC")
        if writing is not None:
            writing.write(block)
        length -= len(block)


def _copy_rest(reading: IO[bytes], writing: IO[bytes]) -> None:
    """Copy what follows. Raises Rejected where it does not end, as what a small file may unpack to."""
    copied = 0
    while block := reading.read(_BLOCK):
        copied += len(block)
        if copied > MAX_BYTES:
            raise Rejected("NII_TRUNC", "the file holds more bytes than voxels can need")
        writing.write(block)


def _strip_nrrd(reading: IO[bytes], writing: IO[bytes]) -> None:
    first = reading.readline(_LONGEST)
    if not re.fullmatch(rb"NRRD000[0-9]", first.strip()):
        raise Rejected("NII_TRUNC", "the file is not NRRD")
    writing.write(first.strip() + b"\n")
    packed = False
    for _ in range(_LONGEST):
        line = reading.readline(_LONGEST).decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            break
        name, mark, value = line.partition(": ")
        name = name.strip().lower()
        if name.replace(" ", "") in ("datafile", "lineskip", "byteskip"):
            raise Rejected("NOT_IMAGE", "the voxels lie in another file")
        if mark and not line.startswith("#") and name in _NRRD_FIELDS and _PLAIN.fullmatch(value):
            packed |= name == "encoding" and value.strip().lower() in ("gzip", "gz")
            writing.write(f"{name}: {value.strip()}\n".encode("ascii"))
    writing.write(b"\n")
    if packed:
        with gzip.GzipFile(fileobj=reading) as old, gzip.GzipFile("", "wb", 6, writing, mtime=0) as new:
            _copy_rest(cast(IO[bytes], old), cast(IO[bytes], new))
    else:
        _copy_rest(reading, writing)


def _strip_meta(reading: IO[bytes], writing: IO[bytes]) -> None:
    for _ in range(_LONGEST):
        line = reading.readline(_LONGEST).decode("utf-8", "replace").rstrip("\r\n")
        name, mark, value = (part.strip() for part in line.partition("="))
        if not mark:
            raise Rejected("NII_TRUNC", "the file is not MetaImage")
        if name == "ElementDataFile" and value != "LOCAL":
            raise Rejected("NOT_IMAGE", "the voxels lie in another file")
        if name in _META_FIELDS and _PLAIN.fullmatch(value):
            writing.write(f"{name} = {value}\n".encode("ascii"))
        if name == "ElementDataFile":
            break
    _copy_rest(reading, writing)
