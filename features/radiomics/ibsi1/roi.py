"""IbsiRoi: what every family of the IBSI mode reads of a prepared image, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.errors import RadweaveError
from features.core.kinds.preparation import FixedBinCount, FixedBinWidth
from features.core.quarantine import Rejected
from features.core.region import Region, Vector
from features.radiomics.ibsi1.settings import IbsiSettings

Step = tuple[int, int, int]
# One of each pair of opposite neighbours, (z, y, x).
IN_SPACE: tuple[Step, ...] = tuple(
    (z, y, x) for z in (0, 1) for y in (-1, 0, 1) for x in (-1, 0, 1) if (z, y, x) > (0, 0, 0)
)
IN_SLICE: tuple[Step, ...] = tuple(step for step in IN_SPACE if step[0] == 0)
HIGHEST_LEVEL = 2**15
LARGEST_LEVEL_COUNT = 1024  # of different grey levels: a co-occurrence matrix has the square of it


@dataclass(frozen=True, eq=False)
class IbsiRoi:
    """A ROI. Arrays below lie on the box of the morphological mask, (z, y, x), C-contiguous."""

    region: Region
    settings: IbsiSettings

    @cached_property
    def box(self) -> tuple[slice, slice, slice]:
        """Where the morphological mask lies in the whole image."""
        return bounding_box(self.region.shape_mask)

    @property
    def spacing_mm(self) -> Vector:
        """(x, y, z)."""
        return self.region.volume.spacing_mm

    @cached_property
    def spacing(self) -> NDArray[np.float64]:
        """(z, y, x) in mm."""
        return np.array(self.spacing_mm[::-1], np.float64)

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """The morphological mask."""
        return np.ascontiguousarray(self.region.shape_mask[self.box])

    @cached_property
    def kept(self) -> NDArray[np.bool_]:
        """The intensity mask."""
        return np.ascontiguousarray(self.region.mask[self.box])

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Intensities inside the intensity mask, in the order of the array."""
        return self.region.volume.array[self.box][self.kept].astype(np.float64)

    @cached_property
    def levels(self) -> NDArray[np.int64]:
        """Grey levels inside the intensity mask, from 1, in the order of the array.

        Raises as `discretise`, and Rejected(TOO_MANY_BINS) for a level above 32,768 or more than 1,024 different ones.
        """
        found = discretise(self.values, self.settings.discretise, self.settings.bin_range[0])
        highest = int(found.max())
        if highest > HIGHEST_LEVEL:
            raise Rejected("TOO_MANY_BINS", grey_levels=highest, largest=HIGHEST_LEVEL)
        if (count := len(np.unique(found))) > LARGEST_LEVEL_COUNT:
            raise Rejected("TOO_MANY_BINS", grey_levels=count, largest=LARGEST_LEVEL_COUNT)
        return found

    @cached_property
    def level_count(self) -> int:
        """Ng: the bins of a fixed number, else the highest level; 1 if a fixed number meets a single intensity."""
        found, highest = self.settings.discretise, int(self.levels.max())
        return found.bin_count if isinstance(found, FixedBinCount) and highest > 1 else highest

    @cached_property
    def level_line(self) -> NDArray[np.int32]:
        """Grey levels on the box and a rim of one voxel round it, as a line: 0 outside the intensity mask.

        Because of the rim a neighbour of a voxel is always `step_of` places further.
        """
        found = np.zeros(self._padded, np.int32)
        found.ravel()[self.places] = self.levels
        return found.ravel()

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """Where the voxels of the intensity mask stand in the line, in its order."""
        return np.flatnonzero(np.pad(self.kept, 1)).astype(np.int64)

    @cached_property
    def places_of_slice(self) -> dict[int, NDArray[np.int64]]:
        """The same for each slice that has some, by its number."""
        slices, starts = np.unique(self.slice_of(self.places), return_index=True)
        return dict(zip(slices.tolist(), np.split(self.places, starts[1:]), strict=True))

    def neighbours(self, *, flat: bool) -> NDArray[np.int64]:
        """How many places further the 8 neighbours in the slice (flat) or the 26 in space lie."""
        steps = np.array([self.step_of(step) for step in (IN_SLICE if flat else IN_SPACE)], np.int64)
        return np.concatenate([steps, -steps])

    def slice_of(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Numbers of the slices in which places of the line lie."""
        return places // (self._padded[1] * self._padded[2])

    def step_of(self, step: Step) -> int:
        """How many places of the line lie between a voxel and the one a step (z, y, x) further."""
        return (step[0] * self._padded[1] + step[1]) * self._padded[2] + step[2]

    @property
    def _padded(self) -> tuple[int, int, int]:
        depth, height, width = self.kept.shape
        return depth + 2, height + 2, width + 2


def discretise(
    values: NDArray[np.float64], how: FixedBinWidth | FixedBinCount | None, origin: float | None
) -> NDArray[np.int64]:
    """Grey levels from 1. Bins of a width begin at `origin`, or at the lowest value where it is None.

    Raises RadweaveError if levels are wanted as they are (`how` None) and values are not whole numbers from 1, or if some
    lie below the first bin.
    """
    low, high = float(values.min()), float(values.max())
    if how is None:
        if low < 1 or not (values == np.floor(values)).all():
            raise RadweaveError("intensities that are not whole numbers from 1 need a bin width or a number of bins")
        levels = values.astype(np.int64)
    elif isinstance(how, FixedBinWidth):
        if origin is not None and low < origin:
            raise RadweaveError(f"intensities from {low:g} lie below the first bin, which begins at {origin:g}")
        levels = np.floor((values - (low if origin is None else origin)) / how.bin_width).astype(np.int64) + 1
    elif high == low:
        levels = np.ones(len(values), np.int64)
    else:
        levels = np.floor(how.bin_count * (values - low) / (high - low)).astype(np.int64) + 1
        levels = np.minimum(levels, how.bin_count)
    return levels
