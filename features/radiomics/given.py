"""read_given: an image or a label map as a user of Python gives it: a file, an image of SimpleITK's, an array."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.core.errors import RadweaveError
from features.core.quarantine import Rejected
from features.core.region import Volume
from features.radiomics.extraction import placed, read_file

if TYPE_CHECKING:
    import SimpleITK as sitk

    Picture: TypeAlias = "str | os.PathLike[str] | sitk.Image | NDArray[np.generic]"


@dataclass(frozen=True)
class Given:
    """A volume, and what messages call it: its path, or "the image" and "the mask"."""

    volume: Volume
    name: str


def read_given(
    given: Picture,
    role: Literal["image", "mask"],
    *,
    spacing_mm: Sequence[float] | None = None,
    channel: int | None = None,
) -> Given:
    """A path (a file, or a folder with one DICOM series), an image of SimpleITK's, or an array (z, y, x) or (y, x).

    spacing_mm: (x, y, z) or (x, y) of an array, in mm; what is no array tells its own. channel: which number of voxels that
    hold several; None where they may not. An array lies at the origin of space; one of two axes is one slice of 1 mm.

    Raises Rejected as the readers, its message naming file and remedy; RadweaveError if it is none of these, or the spacing
    of an array is missing.
    """
    if isinstance(given, str | os.PathLike):
        path = Path(given)
        return Given(read_file(path, f"{role.upper()}_MISSING", channel), str(path))
    name = f"the {role}"
    if isinstance(given, np.ndarray):
        return Given(_of_array(given, name, spacing_mm), name)
    if not hasattr(given, "GetNumberOfComponentsPerPixel"):
        found = f"{type(given).__module__}.{type(given).__qualname__}"
        raise RadweaveError(f"{name}: found {found}; allowed: a path, an image of SimpleITK's, an array of numpy's")
    from features.images.formats.itk import itk_volume

    try:
        return Given(itk_volume(given, channel=channel), name)
    except Rejected as rejected:
        raise placed(rejected, name) from rejected


def _of_array(array: NDArray[np.generic], name: str, spacing_mm: Sequence[float] | None) -> Volume:
    if array.ndim not in (2, 3) or array.size == 0:
        raise RadweaveError(f"{name}: found an array of shape {array.shape}; allowed: (z, y, x) or (y, x)")
    if spacing_mm is None:
        raise RadweaveError(f"{name}: an array does not tell how large its voxels are; give spacing_mm=(x, y, z)")
    spacing = [float(value) for value in spacing_mm]
    if len(spacing) != array.ndim or not all(0 < value < float("inf") for value in spacing):
        raise RadweaveError(f"spacing_mm: found {tuple(spacing)}; needed are {array.ndim} numbers above 0, x first")
    if array.dtype.kind == "b":
        array = array.astype(np.uint8)
    if array.dtype.kind not in "iuf":
        raise RadweaveError(f"{name}: found an array of {array.dtype}; allowed: numbers")
    x, y, z = (*spacing, 1.0)[:3]
    if array.ndim == 3:
        return Volume(np.ascontiguousarray(array, array.dtype.newbyteorder("=")), (x, y, z))
    return Volume(np.ascontiguousarray(array[None], array.dtype.newbyteorder("=")), (x, y, z), plane="bare")
