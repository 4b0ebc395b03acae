"""LoG: Laplacian of Gaussian, normalised across scale."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.bounds import MOST_SIGMAS, SigmaMm, WholeSigmaMm
from features.core.kinds.filter import Filter, Source
from features.core.quarantine import Rejected

_SMALLEST = 4  # voxels along each axis that ITK asks for


class Log(Filter):
    """Laplacian of Gaussian, normalised across scale. sigma_mm: standard deviations; one derived image for each."""

    kind: Literal["log"] = "log"
    sigma_mm: tuple[WholeSigmaMm | SigmaMm, ...] = Field(
        min_length=1,
        max_length=MOST_SIGMAS,
        description="standard deviations of the Gaussian in mm; one derived image for each",
    )

    def names(self) -> list[str]:
        """`log-sigma-1-0-mm-3D` for 1.0 mm: pyradiomics writes the number as it is given, 1 as `log-sigma-1-mm-3D`."""
        return [f"log-sigma-{sigma}-mm-3D".replace(".", "-") for sigma in self.sigma_mm]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Within 1e-6 of the map's range of the filtered whole image. An image of two axes is filtered along these.

        Raises Rejected FILTER_SIZE if an axis has fewer than 4 voxels, or fewer than sigma / spacing + 1.
        """
        from features.radiomics.laplacian import axes_of, laplacian  # numba takes a while to import

        sizes, spacings = source.image.shape, source.spacing_mm[::-1]
        for name, sigma in zip(self.names(), self.sigma_mm, strict=True):
            sigmas = [sigma / spacing for spacing in spacings]
            if any(sizes[axis] < max(_SMALLEST, ceil(sigmas[axis]) + 1) for axis in axes_of(source)):
                raise Rejected("FILTER_SIZE", sigma_mm=sigma)
            yield name, laplacian(source, sigmas)
