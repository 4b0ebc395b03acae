"""Transform: where points of one image lie in another, as plain numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from features.core.region import Vector

NAMES = (*(f"matrix_{row}{column}" for row in "012" for column in "012"), "offset_x", "offset_y", "offset_z")


@dataclass(frozen=True, slots=True)
class Transform:
    """matrix @ p + offset of a point p (x, y, z) in mm, patient coordinates (LPS). matrix: 3×3 row-major.

    >>> Transform(offset_mm=(0.0, 3.0, 4.0)).shift_at((10.0, 0.0, 0.0))
    5.0
    """

    matrix: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    offset_mm: Vector = (0.0, 0.0, 0.0)

    @classmethod
    def of(cls, matrix: NDArray[np.floating[Any]], offset: ArrayLike) -> Transform:
        """The transform of a 3×3 matrix and an offset (3)."""
        x, y, z = (float(value) for value in np.asarray(offset))
        return cls(tuple(float(value) for value in matrix.ravel()), (x, y, z))

    @classmethod
    def from_values(cls, values: Mapping[str, float | str]) -> Transform:
        """The transform that `values` gave. Raises KeyError if one is absent."""
        numbers = [float(values[name]) for name in NAMES]
        return cls(tuple(numbers[:9]), (numbers[9], numbers[10], numbers[11]))

    def values(self) -> dict[str, float]:
        """Its twelve numbers by name."""
        return dict(zip(NAMES, (*self.matrix, *self.offset_mm), strict=True))

    @property
    def array(self) -> NDArray[np.float64]:
        """The matrix, (3, 3)."""
        return np.array(self.matrix).reshape(3, 3)

    def __call__(self, points: ArrayLike) -> NDArray[np.float64]:
        """Where points (n, 3) or one point (3) lie."""
        moved: NDArray[np.float64] = np.asarray(points, np.float64) @ self.array.T + np.array(self.offset_mm)
        return moved

    def inverse(self) -> Transform:
        """The way back. Raises numpy's LinAlgError if there is none."""
        back = np.linalg.inv(self.array)
        return Transform.of(back, -back @ np.array(self.offset_mm))

    def shift_at(self, point: ArrayLike) -> float:
        """By how many mm a point (3) is moved."""
        return float(np.linalg.norm(self(point) - np.asarray(point, np.float64)))

    @property
    def rotation(self) -> NDArray[np.float64]:
        """The rotation nearest to the matrix (polar decomposition), (3, 3)."""
        left, _, right = np.linalg.svd(self.array)
        return np.asarray(left @ right)

    @property
    def rotation_deg(self) -> float:
        """Angle of its rotation in degrees, 0 to 180."""
        turn = self.rotation
        sine = np.linalg.norm([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]]) / 2
        return math.degrees(math.atan2(float(sine), (float(np.trace(turn)) - 1) / 2))

    @property
    def scales(self) -> Vector:
        """How much longer lengths become: along the axis where they grow most, the middle one, the least; 1 if rigid."""
        high, middle, low = (float(value) for value in np.linalg.svd(self.array, compute_uv=False))
        return high, middle, low

    @property
    def mirrors(self) -> bool:
        """Whether left and right are exchanged."""
        return bool(np.linalg.det(self.array) < 0)
