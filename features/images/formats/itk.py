"""read_itk: an NRRD or MetaImage file as a Volume, read by SimpleITK after its header was checked."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from features.core.memory import claim_honest, claim_memory
from features.core.quarantine import Rejected, Warned
from features.core.region import Plane, Vector, Volume
from features.images.formats.detached import Header, read_header
from features.images.formats.nifti import BOMB_CEILING, BOMB_RATIO, MAX_BYTES
from features.images.formats.nifti_place import MAX_SPACING_MM
from features.images.formats.silence import silent

_PIECE = 2**24  # bytes that are unpacked at once


def read_itk(path: Path, *, channel: int | None = None, volume: int | None = None, per_voxel: int = 0) -> Volume:
    """The volume of an NRRD or MetaImage file; patient coordinates (LPS, mm), whatever space the file uses.

    A file of two dimensions is one slice of 1 mm.

    channel: which number of voxels that hold several. volume: which volume of a file of four dimensions, or which number.
    per_voxel: bytes of memory for each voxel that are claimed before voxels are read (`claim_memory`).

    Raises Rejected: UNREADABLE (cannot be opened), NRRD_PATH (data outside the header's folder), SEC_BOMB (over 2 GiB in
    a file of less than a hundredth), NII_TRUNC (short, or not of this format), NII_4D (not one image of numbers, no such
    channel or volume), NII_SPACING (zero, above 20 mm, not finite), NII_SHEAR (direction is not a rotation). Raises TooLarge
    as `claim_honest`.
    Warns: NII_UNITS, ORIENTATION_UNKNOWN.
    """
    file = _read(path, volume, per_voxel)
    array = file.array
    if file.channels > 1:
        array = _channel(array, volume if channel is None else channel)
    elif file.dimension < 4 and volume:
        raise Rejected("NII_4D", "the file has one volume", volume=volume)
    return replace(file.grid, array=_numbers(array, file.dimension))


def read_itk_layers(path: Path) -> tuple[Volume, ...]:
    """The volumes of a file whose voxels hold several numbers, one of each number, opened once. Raises Rejected as `read_itk`."""
    file = _read(path, None, 0)
    if file.channels == 1:
        return (replace(file.grid, array=_numbers(file.array, file.dimension)),)
    layers = (_channel(file.array, channel) for channel in range(file.channels))
    return tuple(replace(file.grid, array=_numbers(layer, file.dimension)) for layer in layers)


class _File(NamedTuple):
    """What SimpleITK read: the array, with a last axis of channels if there are several, and a Volume without voxels."""

    array: NDArray[np.generic]
    channels: int
    dimension: int
    grid: Volume


def _read(path: Path, volume: int | None, per_voxel: int) -> _File:
    """A file whose header was checked; of four dimensions, one of its volumes."""
    import SimpleITK as sitk

    reader, needed = _information(path)
    claim_memory(per_voxel * math.prod(reader.GetSize()[:3]))
    claim_honest(needed)
    header = read_header(path)
    unit_mm = header.length_unit_mm
    dimension = reader.GetDimension()
    if dimension not in (2, 3):
        count = reader.GetSize()[3] if dimension == 4 else 0
        if volume is None or volume >= count:
            raise Rejected("NII_4D", axes=dimension)
        reader.SetExtractIndex([0, 0, 0, volume])
        reader.SetExtractSize([*reader.GetSize()[:3], 0])
    spacing, origin, direction = _grid(reader, unit_mm)
    try:
        with silent():
            image = reader.Execute()
    except (RuntimeError, OverflowError) as error:
        raise Rejected("NII_TRUNC", "the file is truncated or of another format") from error
    array: NDArray[np.generic] = sitk.GetArrayFromImage(image)
    warnings: tuple[Warned, ...] = (Warned("NII_UNITS", details={"unit_mm": unit_mm}),) if unit_mm != 1 else ()
    if not header.tells_orientation:
        warnings += (Warned("ORIENTATION_UNKNOWN", "the header does not say to which sides of the patient axes run"),)
    plane: Plane = "bare" if dimension == 2 else ""
    grid = Volume(np.empty((0, 0, 0)), spacing, origin, direction, warnings=warnings, plane=plane)
    return _File(array, int(reader.GetNumberOfComponents()), dimension, grid)


def itk_volume(image: Any, *, channel: int | None = None) -> Volume:
    """An image of SimpleITK's in memory as a Volume. An image of two dimensions is one slice of 1 mm.

    channel: which number of voxels that hold several. Raises Rejected: NII_4D (not one image of numbers, or no such channel),
    NII_SPACING and NII_SHEAR as `read_itk`.
    """
    import SimpleITK as sitk

    dimension = image.GetDimension()
    if dimension not in (2, 3):
        raise Rejected("NII_4D", axes=dimension)
    spacing, origin, direction = _grid(image, 1.0)
    array: NDArray[np.generic] = sitk.GetArrayFromImage(image)
    if image.GetNumberOfComponentsPerPixel() > 1:
        array = _channel(array, channel)
    plane: Plane = "bare" if dimension == 2 else ""
    return Volume(_numbers(array, dimension), spacing, origin, direction, plane=plane)


def itk_voxels(path: Path) -> int:
    """Voxels of one volume, as the header of a file claims. Raises Rejected as `read_itk`."""
    return math.prod(_information(path)[0].GetSize()[:3])


def _information(path: Path) -> tuple[Any, int]:
    """SimpleITK's reader of a file whose header was read and is honest about its size; and bytes of memory to read it.

    Of a file that holds fewer bytes than it says and is not packed, no more are read than there are.
    """
    import SimpleITK as sitk

    header = read_header(path)
    if path.name.lower().endswith((".mha", ".mhd")):
        _check_sizes(header)
    files = header.data_files or (path,)
    try:
        size = sum(file.stat().st_size for file in files)
        packed = any(value.lower().startswith("t") for value in header.fields.get("compresseddata", ()))
        if packed:
            for file in files:
                _check_packed(file.read_bytes(), within=file == path)
    except OSError as error:
        raise Rejected("UNREADABLE", "a data file that the header names is absent") from error
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetNumberOfThreads(1)
    try:
        with silent():
            reader.ReadImageInformation()
    except (RuntimeError, OverflowError) as error:
        if "spacing" in str(error).lower():
            raise Rejected("NII_SPACING") from error
        raise Rejected("NII_TRUNC", "the file is truncated or of another format") from error
    bits = re.search(r"(\d+)-bit", sitk.GetPixelIDValueAsString(reader.GetPixelID()))
    claimed = math.prod(reader.GetSize()) * reader.GetNumberOfComponents() * (int(bits[1]) // 8 if bits else 8)
    if claimed > max(BOMB_CEILING, BOMB_RATIO * size):
        raise Rejected("SEC_BOMB", bytes=size, expected_bytes=claimed)
    if claimed > MAX_BYTES:
        raise Rejected("NII_TRUNC", "the header claims more voxels than a file can hold")
    packed |= any(value.lower() in ("gz", "gzip", "bz2", "bzip2") for value in header.fields.get("encoding", ()))
    return reader, 2 * (claimed if packed else min(claimed, size))  # SimpleITK's array, and numpy's


def _check_sizes(header: Header) -> None:
    """Raises Rejected: NII_TRUNC, if a MetaImage's header has sizes that cannot be, which end SimpleITK's process."""
    axes = header.fields.get("ndims", ())
    sizes = header.fields.get("dimsize", ())
    channels = header.fields.get("elementnumberofchannels", ("1",))
    if (
        any(len(found) != 1 for found in (axes, sizes, channels))
        or not re.fullmatch("[1-9]", axes[0])
        or not all(re.fullmatch(r"[1-9]\d{0,8}", size) for size in sizes[0].split())
        or len(sizes[0].split()) != int(axes[0])
        or not re.fullmatch(r"[1-9]\d{0,3}", channels[0])
    ):
        raise Rejected("NII_TRUNC", "the header tells sizes that cannot be")


def _check_packed(data: bytes, *, within: bool) -> None:
    """Raises Rejected: SEC_BOMB; NII_TRUNC if a MetaImage's packed voxels are damaged: SimpleITK may unpack them for ever."""
    mark = re.search(rb"ElementDataFile[^\n]*\n", data) if within else None
    packed = memoryview(data)[mark.end() if mark else 0 :]
    unpacking, left = (
        isal_zlib.decompressobj(isal_zlib.MAX_WBITS | 32),
        max(BOMB_CEILING, BOMB_RATIO * len(data)),
    )  # zlib or gzip
    try:
        while packed and not unpacking.eof:
            left -= len(unpacking.decompress(packed, _PIECE))
            if left < 0:
                raise Rejected("SEC_BOMB", bytes=len(data))
            packed = memoryview(unpacking.unconsumed_tail)
    except isal_zlib.error as error:
        raise Rejected("NII_TRUNC", "the packed voxels are damaged") from error
    if not unpacking.eof:
        raise Rejected("NII_TRUNC", "the packed voxels end too early")


def _channel(array: NDArray[np.generic], which: int | None) -> NDArray[np.generic]:
    if which is None:
        raise Rejected("NII_4D", f"voxels hold {array.shape[-1]} numbers each; allowed: one")
    if which >= array.shape[-1]:
        raise Rejected("NII_4D", f"there is no channel {which}: voxels hold {array.shape[-1]} numbers")
    return np.ascontiguousarray(array[..., which])


def _numbers(array: NDArray[np.generic], dimension: int) -> NDArray[np.generic]:
    """The array with three axes. Raises Rejected: NII_4D."""
    if array.dtype.kind not in "iuf":
        raise Rejected("NII_4D", "voxels are not numbers")
    return array[None] if dimension == 2 else array


def _grid(reader: Any, unit_mm: float) -> tuple[Vector, Vector, tuple[float, ...]]:
    """Spacing, origin and direction of the first three axes; the third of a plane is 1 mm across the others."""
    size = reader.GetDimension()
    x, y, z = (unit_mm * value for value in (*reader.GetSpacing(), 1 / unit_mm)[:3])
    if not all(0 < value <= MAX_SPACING_MM for value in (x, y, z)):
        raise Rejected("NII_SPACING", f"the spacing is ({x:g}, {y:g}, {z:g}) mm; allowed: above 0, up to 20")
    origin = tuple(unit_mm * value for value in (*reader.GetOrigin(), 0.0)[:3])
    axes = np.eye(3)
    axes[:size, :size] = np.array(reader.GetDirection()).reshape(size, size)[:3, :3]
    if not np.isfinite([*origin, *axes.reshape(-1)]).all():
        raise Rejected("NII_SHEAR", "origin or direction are not finite")
    with np.errstate(all="ignore"):  # of numbers that cannot be
        shear = float(np.abs(axes.T @ axes - np.eye(3)).max())
    if not shear <= 1e-3:
        raise Rejected("NII_SHEAR", cosine=round(shear, 4))
    return (x, y, z), (origin[0], origin[1], origin[2]), tuple(axes.reshape(-1).tolist())
