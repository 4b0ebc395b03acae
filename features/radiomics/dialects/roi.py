"""Roi and IbsiRoi: what the families read of one image, by pyradiomics' settings and by those of IBSI, computed once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.kinds.preparation import FixedBinCount
from features.core.region import Region, Vector
from features.radiomics.dialects.settings import IbsiSettings, Settings
from features.radiomics.voxels.grid import gather
from features.radiomics.voxels.lattice import Lattice
from features.radiomics.voxels.levels import Levels, levels_between_edges, levels_by_steps
from features.radiomics.voxels.order import ordered
from features.radiomics.voxels.texture import Texture
from features.radiomics.voxels.zones import Zones


@dataclass(frozen=True, eq=False)
class Roi:
    """A ROI in its bounding box.

    image: float64 (z, y, x), C-contiguous, and mask: bool, both on the box; spacing_mm: (x, y, z). shared: the lattice of
    the mask by these settings, if it was made before. single: the intensities are in single precision, so that the edges of
    bins are too, as numpy has them.
    """

    image: NDArray[np.float64]
    mask: NDArray[np.bool_]
    spacing_mm: Vector
    settings: Settings
    shared: Lattice | None = None
    single: bool = False

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Intensities inside the mask, in the order of the array."""
        return gather(self.image, self.mask, int(np.count_nonzero(self.mask)))  # type: ignore[no-any-return]

    @cached_property
    def ordered(self) -> NDArray[np.float64]:
        """Intensities inside the mask, from the lowest to the highest."""
        return ordered(self.values)

    @cached_property
    def levels(self) -> Levels:
        """Grey levels of the voxels, discretised by the settings."""
        bounds, settings = (float(self.ordered[0]), float(self.ordered[-1])), self.settings
        return levels_between_edges(
            self.values, bounds, bin_width=settings.bin_width, bin_count=settings.bin_count, single=self.single
        )

    @cached_property
    def lattice(self) -> Lattice:
        """The mask's neighbourhood."""
        settings = self.settings
        return self.shared or Lattice(self.mask, settings.distances, settings.flat_axis if settings.flat else None)

    @cached_property
    def texture(self) -> Texture:
        """Matrices of the grey levels."""
        return Texture(self.lattice, self.levels, self.settings.dependence)


@dataclass(frozen=True, eq=False)
class IbsiRoi:
    """A ROI. Arrays below lie on the box of the morphological mask, (z, y, x), C-contiguous."""

    region: Region
    settings: IbsiSettings

    @cached_property
    def _box(self) -> tuple[slice, slice, slice]:
        return bounding_box(self.region.shape_mask, self.region.within)

    @cached_property
    def spacing(self) -> NDArray[np.float64]:
        """(z, y, x) in mm."""
        return np.array(self.region.volume.spacing_mm[::-1], np.float64)

    @cached_property
    def mask(self) -> NDArray[np.bool_]:
        """The morphological mask."""
        return np.ascontiguousarray(self.region.shape_mask[self._box])

    @cached_property
    def kept(self) -> NDArray[np.bool_]:
        """The intensity mask."""
        return np.ascontiguousarray(self.region.mask[self._box])

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """Intensities inside the intensity mask, in the order of the array."""
        return self.region.volume.array[self._box][self.kept].astype(np.float64)

    @cached_property
    def ordered(self) -> NDArray[np.float64]:
        """The same from the lowest to the highest."""
        return ordered(self.values)

    @cached_property
    def levels(self) -> Levels:
        """Grey levels inside the intensity mask. Raises as `levels_by_steps`."""
        return levels_by_steps(self.values, self.settings.discretise, self.settings.bin_range[0])

    @cached_property
    def level_count(self) -> int:
        """Ng: the bins of a fixed number, else the highest level; 1 if a fixed number meets a single intensity."""
        found, highest = self.settings.discretise, int(self.levels.present[-1])
        return found.bin_count if isinstance(found, FixedBinCount) and highest > 1 else highest

    @cached_property
    def texture(self) -> Texture:
        """Matrices in space."""
        return Texture(Lattice(self.kept), self.levels, self.settings.coarseness)

    @cached_property
    def flat_texture(self) -> Texture:
        """Matrices within slices, all slices together."""
        return Texture(Lattice(self.kept, across=0), self.levels, self.settings.coarseness)

    @cached_property
    def zones(self) -> Zones:
        """Zones in space."""
        return self.texture.zones()

    @cached_property
    def flat_zones(self) -> Zones:
        """Zones within slices."""
        return self.flat_texture.zones()

    def slice_textures(self) -> Iterator[Texture]:
        """Matrices of each slice that has voxels."""
        start = 0
        for z, voxels in enumerate(np.count_nonzero(self.kept, axis=(1, 2)).tolist()):
            if voxels:
                values = self.levels.values[start : start + voxels]
                counts = np.bincount(values)
                present = np.flatnonzero(counts)
                lattice = Lattice(self.kept[z : z + 1], across=0)
                yield Texture(lattice, Levels(values, present, counts[present]), self.settings.coarseness)
                start += voxels
