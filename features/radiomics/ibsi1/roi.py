"""IbsiRoi: what every family of the IBSI mode reads of a prepared image, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.core.errors import RadweaveError
from features.core.quarantine import Rejected
from features.core.recipe import FixedBinCount, FixedBinWidth
from features.core.region import Vector
from features.radiomics.box import bounding_box
from features.radiomics.engine import Prepared
from features.radiomics.ibsi1.settings import IbsiSettings

HIGHEST_LEVEL = 2**15
LARGEST_LEVEL_COUNT = 1024  # of different grey levels: a co-occurrence matrix has the square of it


@dataclass(frozen=True, eq=False)
class IbsiRoi:
    """A ROI. Arrays below lie on the box of the morphological mask, (z, y, x), C-contiguous."""

    prepared: Prepared
    settings: IbsiSettings

    @cached_property
    def box(self) -> tuple[slice, slice, slice]:
        """Where the morphological mask lies in the whole image."""
        return bounding_box(self.prepared.mask)

    @property
    def spacing_mm(self) -> Vector:
        """(x, y, z)."""
        return self.prepared.volume.spacing_mm

    @cached_property
    def spacing(self) -> NDArray[np.float64]:
        """(z, y, x) in mm."""
        return np.array(self.spacing_mm[::-1], np.float64)

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """The morphological mask."""
        return np.ascontiguousarray(self.prepared.mask[self.box])

    @cached_property
    def kept(self) -> NDArray[np.bool_]:
        """The intensity mask."""
        return np.ascontiguousarray(self.prepared.kept[self.box])

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Intensities inside the intensity mask, in the order of the array."""
        return self.prepared.volume.array[self.box][self.kept].astype(np.float64)

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
    def level_map(self) -> NDArray[np.int32]:
        """Grey levels on the box, 0 outside the intensity mask."""
        found = np.zeros(self.kept.shape, np.int32)
        found[self.kept] = self.levels
        return found

    @cached_property
    def slices(self) -> list[int]:
        """Those with voxels of the intensity mask."""
        return [int(z) for z in np.flatnonzero(self.kept.any(axis=(1, 2)))]

    @cached_property
    def voxels_of_slice(self) -> dict[int, int]:
        """How many voxels of the intensity mask each of the slices has."""
        return {z: int(self.kept[z].sum()) for z in self.slices}


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
