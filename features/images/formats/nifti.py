"""read_nifti: a NIfTI file as a Volume, read to its last byte, its geometry unambiguous; write_nifti: the way back."""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from isal import igzip, isal_zlib
from numpy.typing import NDArray

from features.core.memory import claim_honest, claim_memory
from features.core.quarantine import Rejected
from features.core.region import Plane, Vector, Volume
from features.core.storage.place import write_bytes
from features.images.formats.nifti_header import LONGEST, NiftiHeader, parse_header
from features.images.formats.nifti_place import LPS, place_of
from features.images.formats.pair import is_pair, pair_of

MAX_BYTES = 2**34  # a header that claims more is damaged
BOMB_RATIO, BOMB_CEILING = 100, 2**31  # a packed file may hold 2 GiB, or so many times its size
_SLACK = 2**26  # what may follow the voxels
_SCALED_BYTES = 16  # of a voxel that is scaled, beside what is stored; measured: 12 (int16) and more


def read_nifti(path: Path, *, volume: int | None = None, per_voxel: int = 0) -> Volume:
    """The volume of a .nii file, or of a .hdr with its .img, packed (.gz) or not; NIfTI-1 or -2.

    Trailing axes of length 1 are dropped. A file of two axes is one slice of 1 mm. The file is opened once.

    volume: which volume of a file of four dimensions. per_voxel: bytes of memory for each voxel that are claimed before
    voxels are read (`claim_memory`). Array: the stored type where there is no scaling; otherwise
    scl_slope and scl_inter applied once, float32 (float64 for stored types of more than 16 bits). Geometry as
    `place_of` finds it; patient coordinates (LPS, mm) as SimpleITK.

    Raises Rejected: UNREADABLE (cannot be opened, or half of a pair), SEC_BOMB (over 2 GiB in a file of less than a
    hundredth, or far more than its header says), NII_TRUNC (short, bad checksum, not NIfTI; of a pair also too long),
    NII_ANALYZE, NII_4D (not one image of numbers, no such volume), and those of `place_of`. Warns as `place_of`.
    Raises TooLarge as `claim_honest`.
    """
    with _begun(path) as (file, data_file, header):
        shape = _shape(header)
        claim_memory(per_voxel * math.prod(shape[:3]))
        if len(shape) in (2, 3) and not volume:
            volumes, volume = 1, 0
        elif len(shape) == 4 and volume is not None and volume < shape[3]:
            volumes = shape[3]
        else:
            raise Rejected("NII_4D", axes=len(shape))
        return _volume(header, _read(file, data_file, header, volume=volume, volumes=volumes, kept=1))


@dataclass(frozen=True, slots=True, eq=False)
class NiftiVolumes:
    """The volumes of a file of three or four axes, as they are stored."""

    header: NiftiHeader
    raw: bytes = field(repr=False)

    @property
    def count(self) -> int:
        """How many there are."""
        shape = _shape(self.header)
        return shape[3] if len(shape) == 4 else 1

    @property
    def voxels(self) -> int:
        """Of one of them."""
        return math.prod(_shape(self.header)[:3])

    def volume(self, number: int) -> Volume:
        """One of them, counted from 0."""
        size = len(self.raw) // self.count
        return _volume(self.header, self.raw[number * size : (number + 1) * size])


def read_nifti_volumes(path: Path) -> NiftiVolumes:
    """All volumes of a file of three or four axes, which is opened once. Otherwise as `read_nifti`."""
    with _begun(path) as (file, data_file, header):
        shape = _shape(header)
        if len(shape) not in (2, 3, 4):
            raise Rejected("NII_4D", axes=len(shape))
        volumes = shape[3] if len(shape) == 4 else 1
        return NiftiVolumes(header, _read(file, data_file, header, volume=0, volumes=1, kept=volumes))


@contextmanager
def _begun(path: Path) -> Iterator[tuple[IO[bytes], Path, NiftiHeader]]:
    """The open file that holds the voxels, at its beginning, with its path and its header."""
    header_file, data_file = pair_of(path)
    if header_file != data_file:
        header = _header(header_file)
        with _whole(data_file) as file:
            yield file, data_file, header
        return
    with _whole(path) as file:
        header = _parsed(file.read(LONGEST), path)
        file.seek(0)
        yield file, path, header


def _read(file: IO[bytes], path: Path, header: NiftiHeader, *, volume: int, volumes: int, kept: int) -> bytes:
    """The bytes of one of so many parts of an open file, whose beginning is next; a part is `kept` volumes."""
    voxels, dtype = math.prod(_shape(header)[:3]), header.dtype
    if voxels < 1 or dtype.kind not in "iuf":
        raise Rejected("NII_4D", "the image has no voxels, or they are not numbers")
    place_of(header, flat=len(_shape(header)) == 2)  # its faults come before voxels are read
    count = voxels * dtype.itemsize
    copied = _SCALED_BYTES * voxels if _is_scaled(header) else 0 if dtype.isnative else count
    return _bytes(file, path, header.offset, kept * count, copied, volume=volume, volumes=volumes)


def _is_scaled(header: NiftiHeader) -> bool:
    return (header.slope, header.intercept) != (1.0, 0.0)


def _volume(header: NiftiHeader, raw: bytes) -> Volume:
    """The volume of its bytes."""
    shape, dtype = _shape(header), header.dtype
    if flat := len(shape) == 2:
        shape = (*shape, 1)
    place = place_of(header, flat=flat)
    stored = np.frombuffer(raw, dtype=dtype).reshape(shape[2::-1])
    array: NDArray[np.generic] = stored.astype(dtype.newbyteorder("="), copy=not stored.dtype.isnative)
    if dtype.itemsize > 8:
        array = array.astype(np.float64)
    if _is_scaled(header):
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = array.astype(np.float64) * header.slope + header.intercept
            array = scaled.astype(np.float32 if dtype.itemsize <= 2 else np.float64)
    plane: Plane = "placed" if flat else ""
    return Volume(array, place.spacing, place.origin, place.direction, warnings=place.warnings, plane=plane)


def write_nifti(path: Path, volume: Volume, *, quick: bool = False) -> None:
    """Write a volume as NIfTI-1, compressed for .gz, with its geometry in sform and qform; units mm. Raises StoreError.

    quick: compressed in an eighth of the time; the bytes may then depend on the processor.
    """
    array = np.ascontiguousarray(volume.array, volume.array.dtype.newbyteorder("="))
    data = _preamble(array.shape, array.dtype, volume.spacing_mm, volume.origin_mm, volume.direction) + array.tobytes()
    if path.suffix == ".gz":
        data = igzip.compress(data, 1, mtime=0) if quick else gzip.compress(data, mtime=0)
    write_bytes(path, data)


@lru_cache(maxsize=16)
def _preamble(
    shape: tuple[int, ...], dtype: np.dtype[Any], spacing_mm: Vector, origin_mm: Vector, direction: tuple[float, ...]
) -> bytes:
    """All that a file holds before its voxels."""
    import nibabel as nib

    affine = np.eye(4)
    affine[:3, :3] = LPS[:, None] * np.array(direction).reshape(3, 3) * np.array(spacing_mm)
    affine[:3, 3] = LPS * np.array(origin_mm)
    build: Any = nib.Nifti1Image  # nibabel has no types
    image = build(np.zeros(shape[::-1], dtype, order="F"), affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code="scanner")
    image.set_qform(affine, code="scanner")
    found: bytes = image.to_bytes()
    return found[: len(found) - dtype.itemsize * math.prod(shape)]


def nifti_voxels(path: Path) -> int:
    """Voxels of one volume, as the header of a file claims. Raises Rejected: UNREADABLE, NII_TRUNC, NII_ANALYZE."""
    return math.prod(_shape(_header(pair_of(path)[0]))[:3])


def _header(path: Path) -> NiftiHeader:
    with _whole(path) as file:
        return _parsed(file.read(LONGEST), path)


def _parsed(start: bytes, path: Path) -> NiftiHeader:
    """The header in the first bytes of a file."""
    lengths = int.from_bytes(start[:4], "little"), int.from_bytes(start[:4], "big")
    if is_pair(path) and 348 in lengths and len(start) >= 348 and start[344:347] not in (b"ni1", b"n+1"):
        raise Rejected("NII_ANALYZE")
    try:
        header = parse_header(start)
    except ValueError as error:
        raise Rejected("NII_TRUNC", str(error)) from error
    if header.is_pair != is_pair(path):
        raise Rejected("NII_TRUNC", "the header is of a pair, and the file is none, or the other way round")
    return header


def _shape(header: NiftiHeader) -> tuple[int, ...]:
    """Lengths of the axes, without trailing ones beyond the third."""
    shape = header.shape
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that is open, unpacked. Raises Rejected if it cannot be opened, or what is read of it is damaged."""
    try:
        with cast(IO[bytes], igzip.open(path)) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            yield file
    except OSError as error:
        raise Rejected("NII_TRUNC" if isinstance(error, gzip.BadGzipFile) else "UNREADABLE") from error
    except (EOFError, isal_zlib.error) as error:
        raise Rejected("NII_TRUNC") from error


def _bytes(file: IO[bytes], path: Path, offset: int, count: int, copied: int, *, volume: int, volumes: int) -> bytes:
    """The `count` bytes of one of the volumes that begin at `offset`; gzip is read to its end, to verify its checksum.

    copied: bytes of memory that they become beside.
    """
    total, size, packed = offset + volumes * count, path.stat().st_size, path.name.lower().endswith(".gz")
    if packed and total > max(BOMB_CEILING, BOMB_RATIO * size):
        raise Rejected("SEC_BOMB", bytes=size, expected_bytes=total)
    if total > MAX_BYTES or offset < 0 or (total > size and not packed):
        raise Rejected(
            "NII_TRUNC", "the header claims more voxels than the file holds", bytes=size, expected_bytes=total
        )
    claim_honest(count + copied)
    start = offset + volume * count
    skipped = _skip(file, start) if packed else file.seek(start)
    data = file.read(count)
    surplus = size - total
    if packed:
        rest = total - start - count
        surplus = _skip(file, rest + _SLACK) - rest
    if packed and surplus >= _SLACK:
        raise Rejected("SEC_BOMB", "a packed file holds far more than its header says", bytes=size)
    if skipped < start or len(data) < count:
        raise Rejected("NII_TRUNC", bytes=skipped + len(data), expected_bytes=total)
    if surplus > 0 and is_pair(path):
        told = "the .img holds more than its .hdr says: they may be of different images"
        raise Rejected("NII_TRUNC", told, bytes=total + surplus, expected_bytes=total)
    return data


def _skip(file: IO[bytes], count: int) -> int:
    """Read and forget `count` bytes; how many there were."""
    left = count
    while left > 0 and (found := len(file.read(min(left, 1 << 20)))):
        left -= found
    return count - left
