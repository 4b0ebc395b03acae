"""Volume and Region: pixels with checked geometry. Arrays are (z, y, x); spacings, origins and directions are (x, y, z)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Warned

# Of a file of two axes: it tells its place in space (NIfTI), or that within its own plane alone (NRRD, MetaImage).
Plane = Literal["", "placed", "bare"]
Vector = tuple[float, float, float]
Box = tuple[slice, slice, slice]
IDENTITY: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """An image on a regular grid.

    array: (z, y, x), any real dtype. spacing_mm, origin_mm: (x, y, z) in mm, patient coordinates (LPS, as DICOM).
    direction: 3×3 row-major, columns are the directions of the x, y and z axes (as SimpleITK).
    facts: acquisition facts without patient data (Manufacturer, ConvolutionKernel, SliceThickness …).
    warnings: what a reader noticed that does not forbid the use.
    padding: bool (z, y, x), the voxels that the file marks as beyond the field of view, whatever their value; None if
    there are none.
    plane: that the file has two axes: the array is one slice, taken to be 1 mm thick.
    frame: UID of the frame of reference, "" if the file has none; never stored.
    note: by which its reader reads the same files again faster, "" if there is none; it may be stored.
    """

    array: NDArray[np.generic]
    spacing_mm: Vector
    origin_mm: Vector = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = IDENTITY
    facts: dict[str, str | float] = field(default_factory=dict)
    warnings: tuple[Warned, ...] = ()
    padding: NDArray[np.bool_] | None = None
    plane: Plane = ""
    frame: str = field(default="", repr=False)
    note: str = field(default="", repr=False)

    @property
    def intensities(self) -> NDArray[np.generic]:
        """The voxels that are no padding: the array itself, or, if there is padding, one dimension."""
        return self.array if self.padding is None else self.array[~self.padding]

    def matches(self, other: Volume, *, tolerance: float = 1e-4) -> bool:
        """Same size, spacing, origin and direction (each within `tolerance`: mm, or cosine), as far as both tell them."""
        return not any(self.differences(other, tolerance, max(tolerance, 1e-3)))

    def differences(self, other: Volume, tolerance: float, origin_mm: float) -> Iterator[str]:
        """What differs: size, spacing, origin, direction; thickness and place of a plane do not count where they are unknown."""
        if self.array.shape != other.array.shape:
            yield "size"
        planes = {self.plane, other.plane}
        told = 2 if "bare" in planes else 3
        thick = 3 if planes == {""} else 2
        axes = [
            [one.direction[3 * row + column] for row in range(told) for column in range(told)] for one in (self, other)
        ]
        for name, one, another, allowed in (
            ("spacing", self.spacing_mm[:thick], other.spacing_mm[:thick], tolerance),
            ("origin", self.origin_mm[:told], other.origin_mm[:told], origin_mm),
            ("direction", axes[0], axes[1], tolerance),
        ):
            if not all(abs(a - b) <= allowed for a, b in zip(one, another, strict=True)):
                yield name


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A Volume and a non-empty mask on its grid: bool (z, y, x).

    outline: the ROI before voxels were left out for their intensity (re-segmentation), which shape is measured of; None
    if nothing was left out. within: a box (z, y, x) that holds both, if one is known: nobody need search elsewhere.
    warnings: what was noticed while it was made and does not forbid the use: by the readers of image and mask, or, of a
    prepared region, by its preparation. facts: how its mask was made, where that needs words: by readers, by registration.
    """

    volume: Volume
    mask: NDArray[np.bool_]
    outline: NDArray[np.bool_] | None = None
    within: Box | None = None
    warnings: tuple[Warned, ...] = ()
    facts: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def shape_mask(self) -> NDArray[np.bool_]:
        """The mask that shape is measured of: the outline where there is one."""
        return self.mask if self.outline is None else self.outline

    @property
    def values(self) -> NDArray[np.generic]:
        """Intensities inside the mask, one dimension."""
        return self.volume.array[self.mask]

    @property
    def volume_ml(self) -> float:
        """Volume of the mask in millilitres (voxel counting)."""
        return float(self.mask.sum() * np.prod(self.volume.spacing_mm) / 1000.0)
