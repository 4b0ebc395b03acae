"""Roi: what every family reads of one image: intensities and grey levels inside the mask, computed once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.core.region import Vector
from features.radiomics.discretise import Levels, discretise
from features.radiomics.kernels import gather
from features.radiomics.lattice import Lattice
from features.radiomics.order import ordered
from features.radiomics.settings import Settings
from features.radiomics.texture import Texture


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
        bounds = float(self.ordered[0]), float(self.ordered[-1])
        return discretise(self.values, bounds, self.settings, single=self.single)

    @cached_property
    def lattice(self) -> Lattice:
        """The mask's neighbourhood."""
        settings = self.settings
        return self.shared or Lattice(self.mask, settings.distances, settings.flat_axis if settings.flat else None)

    @cached_property
    def texture(self) -> Texture:
        """Matrices of the grey levels."""
        return Texture(self.lattice, self.levels, self.settings.dependence)
