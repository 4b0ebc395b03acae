"""Grid: where the voxels of a simulated image are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Grid:
    """An axial grid. shape: (z, y, x) voxels; spacing_mm and origin_mm, the centre of the first voxel: (x, y, z), LPS."""

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]

    @classmethod
    def centred(cls, shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Grid:
        """The grid whose middle is the point 0, 0, 0."""
        x, y, z = (-(n - 1) / 2 * step for n, step in zip(shape[::-1], spacing_mm, strict=True))
        return cls(shape, spacing_mm, (x, y, z))

    def axes(self) -> tuple[Image, Image, Image]:
        """Coordinates z, y, x in mm of the voxel centres, shaped to broadcast."""
        z, y, x = (
            (origin + step * np.arange(n)).astype(np.float32)
            for n, step, origin in zip(self.shape, self.spacing_mm[::-1], self.origin_mm[::-1], strict=True)
        )
        return z[:, None, None], y[None, :, None], x[None, None, :]

    def voxels(self, length_mm: float) -> tuple[float, float, float]:
        """A length in voxels along z, y, x."""
        x, y, z = self.spacing_mm
        return length_mm / z, length_mm / y, length_mm / x

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel in millilitres."""
        x, y, z = self.spacing_mm
        return x * y * z / 1000
