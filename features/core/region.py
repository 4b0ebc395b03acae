"""Volume and Region: pixels with checked geometry. Arrays are (z, y, x); spacings, origins and directions are (x, y, z)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Warned

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
    """

    array: NDArray[np.generic]
    spacing_mm: Vector
    origin_mm: Vector = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = IDENTITY
    facts: dict[str, str | float] = field(default_factory=dict)
    warnings: tuple[Warned, ...] = ()
    padding: NDArray[np.bool_] | None = None

    @property
    def intensities(self) -> NDArray[np.generic]:
        """The voxels that are no padding: the array itself, or, if there is padding, one dimension."""
        return self.array if self.padding is None else self.array[~self.padding]

    def matches(self, other: Volume, *, tolerance: float = 1e-4) -> bool:
        """Same size, spacing, origin and direction (each within `tolerance`: mm, or cosine)."""
        return (
            self.array.shape == other.array.shape
            and bool(np.allclose(self.spacing_mm, other.spacing_mm, rtol=0, atol=tolerance))
            and bool(np.allclose(self.origin_mm, other.origin_mm, rtol=0, atol=max(tolerance, 1e-3)))
            and bool(np.allclose(self.direction, other.direction, rtol=0, atol=tolerance))
        )


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A Volume and a non-empty mask on its grid: bool (z, y, x).

    outline: the ROI before voxels were left out for their intensity (re-segmentation), which shape is measured of; None
    if nothing was left out. within: a box (z, y, x) that holds both, if one is known: nobody need search elsewhere.
    warnings: what was noticed while it was made and does not forbid the use: by the readers of image and mask, or, of a
    prepared region, by its preparation.
    """

    volume: Volume
    mask: NDArray[np.bool_]
    outline: NDArray[np.bool_] | None = None
    within: Box | None = None
    warnings: tuple[Warned, ...] = ()

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
