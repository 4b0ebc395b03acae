"""read_nifti: a NIfTI file as a Volume, read to its last byte, its geometry unambiguous; write_nifti: the way back."""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from isal import igzip, isal_zlib
from numpy.typing import NDArray

from features.core.place import write_bytes
from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.formats.pair import is_pair, pair_of

MAX_SPACING_MM = 20.0
MAX_BYTES = 2**34  # a header that claims more is damaged
BOMB_RATIO, BOMB_CEILING = 100, 2**31  # a packed file may hold 2 GiB, or so many times its size
_SLACK = 2**26  # what may follow the voxels
_LONGEST_HEADER = 540
_UNITS_MM = {1: 1000.0, 3: 1e-3}  # xyzt_units: metres, micrometres
_LPS = np.array([-1.0, -1.0, 1.0])  # NIfTI counts x and y the other way (RAS)


def read_nifti(path: Path, *, volume: int | None = None) -> Volume:
    """The volume of a .nii file, or of a .hdr with its .img, packed (.gz) or not; NIfTI-1 or -2.

    Trailing axes of length 1 are dropped.

    volume: which volume of a file of four dimensions. Array: the stored type where there is no scaling; otherwise
    scl_slope and scl_inter applied once, float32 (float64 for stored types of more than 16 bits). Geometry from sform, else
    qform, else spacings alone (origin 0); patient coordinates (LPS, mm) as SimpleITK.

    Raises Rejected: UNREADABLE (cannot be opened, or half of a pair), SEC_BOMB (over 2 GiB in a file of less than a
    hundredth, or far more than its header says), NII_TRUNC (short, bad checksum, not NIfTI; of a pair also too long),
    NII_ANALYZE, NII_4D (not one image of numbers, no such volume),
    NII_SPACING, NII_SQ (sform and qform differ by more than 1e-3), NII_SHEAR. Warns: NII_UNITS.
    """
    header_file, data_file = pair_of(path)
    header, pixdim = _header(header_file)
    shape = _shape(header)
    dtype: np.dtype[Any] = header.get_data_dtype()
    if len(shape) == 3 and not volume:
        volumes, volume = 1, 0
    elif len(shape) == 4 and volume is not None and volume < shape[3]:
        volumes = shape[3]
    else:
        raise Rejected("NII_4D", axes=len(shape))
    if min(shape) < 1 or dtype.kind not in "iuf":
        raise Rejected("NII_4D", "the image has no voxels, or they are not numbers")
    unit_mm = _UNITS_MM.get(int(header["xyzt_units"]) & 7, 1.0)
    spacing, origin, direction = _geometry(header, pixdim, unit_mm)
    count = math.prod(shape[:3]) * dtype.itemsize
    raw = _bytes(data_file, int(header["vox_offset"]), count, volume=volume, volumes=volumes)
    stored = np.frombuffer(raw, dtype=dtype).reshape(shape[2::-1])
    slope, intercept = header.get_slope_inter()
    array: NDArray[np.generic] = stored.astype(dtype.newbyteorder("="), copy=not stored.dtype.isnative)
    if dtype.itemsize > 8:
        array = array.astype(np.float64)
    if slope is not None and (slope, intercept) != (1.0, 0.0):
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = array.astype(np.float64) * slope + intercept
            array = scaled.astype(np.float32 if dtype.itemsize <= 2 else np.float64)
    warnings = (Warned("NII_UNITS", details={"unit_mm": unit_mm}),) if unit_mm != 1 else ()
    return Volume(array, spacing, origin, direction, warnings=warnings)


def write_nifti(path: Path, volume: Volume) -> None:
    """Write a volume as NIfTI-1, compressed for .gz, with its geometry in sform and qform; units mm. Raises StoreError."""
    import nibabel as nib

    affine = np.eye(4)
    affine[:3, :3] = _LPS[:, None] * np.array(volume.direction).reshape(3, 3) * np.array(volume.spacing_mm)
    affine[:3, 3] = _LPS * np.array(volume.origin_mm)
    build: Any = nib.Nifti1Image  # nibabel has no types
    image = build(np.ascontiguousarray(volume.array.transpose(2, 1, 0)), affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(affine, code="scanner")
    image.set_qform(affine, code="scanner")
    data: bytes = image.to_bytes()
    write_bytes(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def nifti_voxels(path: Path) -> int:
    """Voxels of one volume, as the header of a file claims. Raises Rejected: UNREADABLE, NII_TRUNC, NII_ANALYZE."""
    return math.prod(_shape(_header(pair_of(path)[0])[0])[:3])


def _header(path: Path) -> tuple[Any, list[float]]:
    """The header, and the spacings as they stand in the file: nibabel mends bad ones silently."""
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    try:
        with _opened(path) as file:
            start = file.read(_LONGEST_HEADER)
    except OSError as error:
        raise Rejected(_code(error)) from error
    except (EOFError, isal_zlib.error) as error:
        raise Rejected("NII_TRUNC") from error
    lengths = int.from_bytes(start[:4], "little"), int.from_bytes(start[:4], "big")
    if is_pair(path) and 348 in lengths and len(start) >= 348 and start[344:347] not in (b"ni1", b"n+1"):
        raise Rejected("NII_ANALYZE")
    try:
        kind: Any = Nifti2Header if 540 in lengths else Nifti1Header
        block = start[: kind.template_dtype.itemsize]
        unchecked, header = kind(block, check=False), kind(block)
        if not bytes(header["magic"]).startswith(b"ni" if is_pair(path) else b"n+"):
            raise Rejected("NII_TRUNC", "the header is of a pair, and the file is none, or the other way round")
        header.get_data_dtype(), header.get_slope_inter(), int(header["vox_offset"])
    except (Rejected, MemoryError):
        raise
    except Exception as error:  # a broken header can raise anything inside the parser
        raise Rejected("NII_TRUNC") from error
    return header, [float(value) for value in unchecked["pixdim"][1:4]]


def _shape(header: Any) -> tuple[int, ...]:
    """Lengths of the axes, without trailing ones beyond the third."""
    shape = tuple(int(length) for length in header.get_data_shape())
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def _opened(path: Path) -> IO[bytes]:
    return cast(IO[bytes], igzip.open(path)) if path.name.lower().endswith(".gz") else path.open("rb")


def _bytes(path: Path, offset: int, count: int, *, volume: int, volumes: int) -> bytes:
    """The `count` bytes of one of the volumes that begin at `offset`; gzip is read to its end, to verify its checksum."""
    total, size, packed = offset + volumes * count, path.stat().st_size, path.name.lower().endswith(".gz")
    if packed and total > max(BOMB_CEILING, BOMB_RATIO * size):
        raise Rejected("SEC_BOMB", bytes=size, expected_bytes=total)
    if total > MAX_BYTES or offset < 0 or (total > size and not packed):
        raise Rejected(
            "NII_TRUNC", "the header claims more voxels than the file holds", bytes=size, expected_bytes=total
        )
    start = offset + volume * count
    try:
        with _opened(path) as file:
            skipped = _skip(file, start) if packed else file.seek(start)
            data = file.read(count)
            surplus = size - total
            if packed:
                rest = total - start - count
                surplus = _skip(file, rest + _SLACK) - rest
    except OSError as error:
        raise Rejected(_code(error)) from error
    except (EOFError, isal_zlib.error) as error:
        raise Rejected("NII_TRUNC") from error
    if packed and surplus >= _SLACK:
        raise Rejected("SEC_BOMB", "a packed file holds far more than its header says", bytes=size)
    if skipped < start or len(data) < count:
        raise Rejected("NII_TRUNC", bytes=skipped + len(data), expected_bytes=total)
    if surplus > 0 and is_pair(path):
        told = "the .img holds more than its .hdr says: they may be of different images"
        raise Rejected("NII_TRUNC", told, bytes=total + surplus, expected_bytes=total)
    return data


def _code(error: OSError) -> str:
    return "NII_TRUNC" if isinstance(error, gzip.BadGzipFile) else "UNREADABLE"


def _skip(file: IO[bytes], count: int) -> int:
    """Read and forget `count` bytes; how many there were."""
    left = count
    while left > 0 and (found := len(file.read(min(left, 1 << 20)))):
        left -= found
    return count - left


@np.errstate(all="ignore")  # of numbers that cannot be
def _geometry(
    header: Any, pixdim: list[float], unit_mm: float
) -> tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, ...]]:
    """Spacing, origin and direction in LPS, mm."""
    pixdim = [value * unit_mm for value in pixdim]
    if not all(0 < value <= MAX_SPACING_MM for value in pixdim):
        raise Rejected("NII_SPACING", spacing_x_mm=pixdim[0], spacing_y_mm=pixdim[1], spacing_z_mm=pixdim[2])
    mm = np.array([unit_mm] * 3 + [1.0])[:, None]
    sform = mm * header.get_sform() if int(header["sform_code"]) > 0 else None
    qform = mm * _qform(header) if int(header["qform_code"]) > 0 else None
    if sform is not None and qform is not None:
        difference = float(np.abs(sform - qform).max())
        if not difference <= 1e-3:
            raise Rejected("NII_SQ", difference_mm=round(difference, 4))
    affine = sform if sform is not None else qform
    if affine is None:
        affine = np.diag([-pixdim[0], -pixdim[1], pixdim[2], 1.0])  # no orientation: axes as they are
    axes = _LPS[:, None] * np.asarray(affine, dtype=np.float64)[:3, :3]
    origin = _LPS * np.asarray(affine, dtype=np.float64)[:3, 3]
    spacing = np.linalg.norm(axes, axis=0)
    if not all(0 < value <= MAX_SPACING_MM for value in spacing):
        raise Rejected("NII_SPACING", "sform gives a spacing of zero or above 20 mm")
    direction = axes / spacing
    shear = float(np.abs(direction.T @ direction - np.eye(3)).max())
    if not shear <= 1e-3:
        raise Rejected("NII_SHEAR", cosine=round(shear, 4))
    if not np.isfinite(origin).all():
        raise Rejected("NII_SHEAR", "the origin is not finite")
    x, y, z = (float(value) for value in spacing)
    return (x, y, z), (float(origin[0]), float(origin[1]), float(origin[2])), tuple(direction.reshape(-1).tolist())


def _qform(header: Any) -> NDArray[np.float64]:
    try:
        affine: NDArray[np.float64] = header.get_qform()
    except Exception as error:  # nibabel's own error class, for quaternions that are none
        raise Rejected("NII_SQ", "qform is not a rotation") from error
    return affine
