"""Tissue: what a region looks like on CT, whose grain can be planted while the histogram of its intensities stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.simulate.fields import Histogram, blurred, rank_map
from features.simulate.grid import Grid, Image, Mask


@dataclass(frozen=True, slots=True)
class Tissue:
    """Intensities of a region, and the grain of their pattern: a Gaussian sigma in mm."""

    histogram: Histogram
    grain_mm: float


def weave(image: Image, where: Mask, tissue: Tissue, grid: Grid, smoothing_mm: float, white: Image) -> None:
    """Add a pattern of mean 0 to the voxels of `where`: the tissue's histogram whatever its grain is.

    The scanner's smoothing makes the grain coarser and leaves the values: ranks give these after it.
    """
    grain = blurred(white, grid.voxels(float(np.hypot(tissue.grain_mm, smoothing_mm))))
    histogram = tissue.histogram
    image[where] += rank_map(grain[where], Histogram(0.0, histogram.sd, histogram.skew))
