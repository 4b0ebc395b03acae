"""read_nifti: a NIfTI file as a Volume, read to its last byte, its geometry unambiguous; write_nifti: the way back."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.place import write_bytes
from features.core.quarantine import Rejected
from features.core.region import Volume

MAX_SPACING_MM = 20.0
MAX_BYTES = 2**34  # a header that claims more is damaged
_LPS = np.array([-1.0, -1.0, 1.0])  # NIfTI counts x and y the other way (RAS)


def read_nifti(path: Path) -> Volume:
    """The volume of a .nii or .nii.gz file, NIfTI-1 or -2; a trailing fourth axis of length 1 is dropped.

    Array: the stored type where there is no scaling; otherwise scl_slope and scl_inter applied once, float32
    (float64 for stored types of more than 16 bits). Geometry from sform, else qform, else spacings alone (origin 0);
    patient coordinates (LPS, mm) as SimpleITK.

    Raises Rejected: UNREADABLE (cannot be opened), NII_TRUNC (short, bad checksum, not NIfTI), NII_4D (not one 3D image
    of numbers), NII_SPACING, NII_SQ (sform and qform differ by more than 1e-3), NII_SHEAR.
    """
    image, pixdim = _open(path)
    shape = tuple(int(length) for length in image.shape)
    shape = shape[: max(3, len(shape) - _trailing_ones(shape))]
    dtype: np.dtype[Any] = image.header.get_data_dtype()
    if len(shape) != 3 or min(shape) < 1 or dtype.kind not in "iuf":
        raise Rejected("NII_4D", axes=len(shape))
    spacing, origin, direction = _geometry(image.header, pixdim)
    raw = _bytes(path, int(image.dataobj.offset), math.prod(shape) * dtype.itemsize)
    stored = np.frombuffer(raw, dtype=dtype).reshape(shape[::-1])
    slope, intercept = float(image.dataobj.slope), float(image.dataobj.inter)
    array: NDArray[np.generic] = stored.astype(dtype.newbyteorder("="), copy=not stored.dtype.isnative)
    if (slope, intercept) != (1.0, 0.0):
        array = (array.astype(np.float64) * slope + intercept).astype(np.float32 if dtype.itemsize <= 2 else np.float64)
    return Volume(array, spacing, origin, direction)


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
    """Voxels that the header of a file claims. Raises Rejected: UNREADABLE, NII_TRUNC."""
    return math.prod(int(length) for length in _open(path)[0].shape)


def _open(path: Path) -> tuple[Any, list[float]]:
    """The image, its voxels not read, and the spacings as they stand in the file: nibabel mends bad ones silently."""
    import nibabel as nib

    try:
        with path.open("rb"):
            pass
        image = nib.load(path)
        if not isinstance(image, nib.Nifti1Image):  # Nifti2Image is one too; pairs of files are not
            raise Rejected("NII_TRUNC", "a file is not single-file NIfTI")
        header_class: Any = image.header_class
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            header = header_class.from_fileobj(file, check=False)
    except (Rejected, MemoryError):
        raise
    except (PermissionError, FileNotFoundError) as error:
        raise Rejected("UNREADABLE") from error
    except Exception as error:  # a broken header can raise anything inside the parser
        raise Rejected("NII_TRUNC") from error
    return image, [float(value) for value in header["pixdim"][1:4]]


def _trailing_ones(shape: tuple[int, ...]) -> int:
    ones = 0
    while ones < len(shape) and shape[-1 - ones] == 1:
        ones += 1
    return ones


def _bytes(path: Path, offset: int, count: int) -> bytes:
    """`count` bytes of voxels from `offset` on; a gzip file is read to its end, so that its checksum is verified."""
    if count > MAX_BYTES:
        raise Rejected("NII_TRUNC", "the header claims more voxels than a file can hold")
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            skipped = len(file.read(offset))
            data = file.read(count)
            if path.suffix == ".gz":
                file.read(1 << 20)
    except (EOFError, OSError, zlib.error) as error:
        raise Rejected("NII_TRUNC") from error
    if skipped < offset or len(data) < count:
        raise Rejected("NII_TRUNC", bytes=skipped + len(data), expected_bytes=offset + count)
    return data


def _geometry(
    header: Any, pixdim: list[float]
) -> tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, ...]]:
    """Spacing, origin and direction in LPS."""
    if not all(0 < value <= MAX_SPACING_MM for value in pixdim):
        raise Rejected("NII_SPACING", spacing_x_mm=pixdim[0], spacing_y_mm=pixdim[1], spacing_z_mm=pixdim[2])
    sform = header.get_sform() if int(header["sform_code"]) > 0 else None
    qform = _qform(header) if int(header["qform_code"]) > 0 else None
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
    if shear > 1e-3:
        raise Rejected("NII_SHEAR", cosine=round(shear, 4))
    x, y, z = (float(value) for value in spacing)
    return (x, y, z), (float(origin[0]), float(origin[1]), float(origin[2])), tuple(direction.reshape(-1).tolist())


def _qform(header: Any) -> NDArray[np.float64]:
    try:
        affine: NDArray[np.float64] = header.get_qform()
    except Exception as error:  # nibabel's own error class, for quaternions that are none
        raise Rejected("NII_SQ", "qform is not a rotation") from error
    return affine
