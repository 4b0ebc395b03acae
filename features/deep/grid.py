"""Grid: the pixels and the ROI of a region with their axes put in an order, and what of it is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.core.region import Box, Region, Vector

ACQUIRED = ""
# Where an axis goes: the axis of the patient (LPS), and its sense.
TOWARDS = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}


# What of the three axes is taken: slices, or places that are walked along together.
Part = tuple[slice | NDArray[np.intp], slice | NDArray[np.intp], slice | NDArray[np.intp]]


class Span(NamedTuple):
    """Part of an axis in voxels: voxel i reaches from i to i + 1. It may reach beyond the axis."""

    start: float
    length: float

    @property
    def stop(self) -> float:
        return self.start + self.length


@dataclass(frozen=True, eq=False)
class Grid:
    """Arrays (z, y, x) that are views of a region's. spacing_mm: (x, y, z). box: slices (z, y, x) round the ROI.

    roi: the voxels that are measured.
    """

    array: NDArray[np.generic]
    roi: NDArray[np.bool_]
    spacing_mm: Vector
    box: Box

    def windowed(self, part: Part, window: tuple[float, float], *, masked: bool = False) -> NDArray[np.float32]:
        """A part of the pixels, the window mapped to [0, 1]; NaN, and what is masked outside the ROI, are its floor, 0."""
        low, high = window
        pixels = self.array[part].astype(np.float32)
        pixels -= np.float32(low)
        pixels /= np.float32(high - low)
        np.fmin(np.fmax(pixels, 0.0, out=pixels), 1.0, out=pixels)  # of NaN and a number, the number
        if masked:
            pixels *= self.roi[part]
        return pixels


def is_orientation(letters: str) -> bool:
    """Whether letters name where three axes go, as LPS or RAS do."""
    return len(letters) == 3 and {TOWARDS[one][0] for one in letters if one in TOWARDS} == {0, 1, 2}


def oriented(region: Region, letters: str = ACQUIRED) -> Grid:
    """The region with axes x, y and z going as near to where the letters say as exchanging and reversing axes can bring them.

    LPS: x to the patient's left, y to the back, z to the head. No voxel is interpolated. letters: "" leaves the axes alone.
    """
    roi = region.mask
    from features.core.box import bounding_box  # numba

    box = bounding_box(roi, region.within)
    array, spacing = region.volume.array, region.volume.spacing_mm
    if letters == ACQUIRED:
        return Grid(array, roi, spacing, box)
    axes = _axes(region.volume.direction, letters)
    order = tuple(2 - axis for axis, _ in reversed(axes))
    flips = tuple(slice(None, None, sense) for _, sense in reversed(axes))
    turned = [
        slice(roi.shape[old] - box[old].stop, roi.shape[old] - box[old].start) if flip.step == -1 else box[old]
        for old, flip in zip(order, flips, strict=True)
    ]
    x, y, z = (spacing[axis] for axis, _ in axes)
    return Grid(
        array.transpose(order)[flips], roi.transpose(order)[flips], (x, y, z), (turned[0], turned[1], turned[2])
    )


def _axes(direction: tuple[float, ...], letters: str) -> list[tuple[int, int]]:
    """For each letter the axis (x: 0) of the array that goes its way, and 1, or -1 if it goes the other way."""
    cosines = np.array(direction).reshape(3, 3)  # rows: patient, columns: axes of the array
    wanted = [TOWARDS[letter] for letter in letters]
    best = max(
        permutations(range(3)),
        key=lambda order: round(
            sum(abs(cosines[patient, axis]) for (patient, _), axis in zip(wanted, order, strict=True)), 6
        ),
    )
    return [
        (axis, 1 if cosines[patient, axis] * sense >= 0 else -1)
        for (patient, sense), axis in zip(wanted, best, strict=True)
    ]
