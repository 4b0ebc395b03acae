"""Simoncelli's wavelet of IBSI-2 (PRT7): a band of frequencies, the same in all directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.bounds import Level
from features.core.kinds.filter import Source
from features.radiomics.convolution import Boundary, Convolution
from features.radiomics.spectrum import inside, multiply, simoncelli, whole


class Simoncelli(Convolution):
    """level: 1 for the band of the highest frequencies, each further one an octave lower."""

    kind: Literal["simoncelli"] = "simoncelli"
    sees_all: ClassVar[bool] = True
    level: Level = Field(
        1, description="1 for the band of the highest frequencies; each further one is an octave lower"
    )
    dimensions: Literal["2D", "3D"] = Field("3D", description="`2D`: in slices; `3D`: in space")
    boundary: Boundary = Field("periodic", description="what continues the image beyond its border")

    def names(self) -> list[str]:
        """`simoncelli-level-1-3D-mirror`."""
        return [f"simoncelli-level-{self.level}-{self.dimensions}-{self.border}"]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """The response on the box. It is made of the whole image (`2D`: the box's slices), some 24 bytes per voxel.

        Beyond a border that is not periodic, 16 voxels count on the first level and twice as many on each further one.
        """
        flat = self.dimensions == "2D"
        patch = whole(self, source, 8 << self.level, flat=flat)
        found = multiply(patch.array, [simoncelli(self.level)], (1, 2) if flat else (0, 1, 2))
        yield self.names()[0], np.ascontiguousarray(found[inside(patch, source.box)])
