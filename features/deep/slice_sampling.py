"""Slices of the square around the ROI where it is largest, scaled to the size of a network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import Sampling, Shape
from features.core.region import Region, Vector

MARGIN = 0.25  # of the side of the ROI's bounding square, all round


class SliceSampling(Sampling):
    """The ROI's bounding square in the slice where it is largest plus a quarter of its side all round.

    What lies beyond the image, and voxels that are NaN, become the window's floor. Ties between slices go to the lowest one.
    """

    dimensions: ClassVar[Literal[2, 3]] = 2
    version: ClassVar[str] = "3"

    @abstractmethod
    def offsets(self) -> tuple[int, ...]:
        """The slices that are channels, counted from the largest one."""

    def reach_mm(self, extent_mm: Vector, spacing_mm: Vector, shape: Shape) -> Vector:  # noqa: ARG002
        reach = (0.5 + MARGIN) * max(extent_mm[:2]) + 2 * max(spacing_mm)
        return reach, reach, spacing_mm[2]

    def sample(self, regions: Sequence[Region], preparation: Preparation, shape: Shape) -> NDArray[np.float32]:
        if preparation.window is None:
            raise ValueError("deep features need a recipe with a window")
        low, high = preparation.window
        found = [
            scaled(patch, shape.size) for region in regions for patch in _patches(region, self.offsets(), low, high)
        ]
        return np.stack(found)[None]


def _patches(region: Region, offsets: Sequence[int], low: float, high: float) -> list[NDArray[np.float32]]:
    areas = region.mask.sum(axis=(1, 2))
    centre = int(areas.argmax())
    rows, columns = np.nonzero(region.mask[centre])
    side = int(np.ceil((1 + 2 * MARGIN) * max(np.ptp(rows), np.ptp(columns)) + 1))
    top = int(rows.min() + rows.max() + 1 - side) // 2
    left = int(columns.min() + columns.max() + 1 - side) // 2
    found = []
    for offset in offsets:
        pixels = region.volume.array[min(max(centre + offset, 0), len(areas) - 1)].astype(np.float32)
        pixels = np.nan_to_num(np.clip((pixels - low) / (high - low), 0.0, 1.0), nan=0.0)
        patch = np.zeros((side, side), np.float32)
        height, width = pixels.shape
        t0, t1, l0, l1 = max(top, 0), min(top + side, height), max(left, 0), min(left + side, width)
        patch[t0 - top : t1 - top, l0 - left : l1 - left] = pixels[t0:t1, l0:l1]
        found.append(patch)
    return found


def scaled(patch: NDArray[np.float32], size: Sequence[int]) -> NDArray[np.float32]:
    """A picture of another size, bilinear with antialiasing."""
    first, second = (_weights(old, new) for old, new in zip(patch.shape, size, strict=True))
    return (first @ patch @ second.T).astype(np.float32)


def _weights(old: int, new: int) -> NDArray[np.float64]:
    """(new, old): how much each old pixel counts in a new one, a triangle as wide as the wider of both pixels."""
    scale = old / new
    reach = max(scale, 1.0)
    centres = (np.arange(new) + 0.5) * scale
    near = np.maximum(0.0, 1.0 - np.abs(np.arange(old) + 0.5 - centres[:, None]) / reach)
    found: NDArray[np.float64] = near / near.sum(axis=1, keepdims=True)
    return found
