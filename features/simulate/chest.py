"""A chest on CT: a tumour and the tissue around it, whose grain can be planted while their histograms stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter

from features.simulate.anatomy import draw_anatomy, draw_thorax, draw_vessels
from features.simulate.fields import blurred
from features.simulate.grid import Grid, Image, Mask
from features.simulate.lesion import Lesion, innermost
from features.simulate.tissue import Tissue, weave

RING_MM = 9.0  # how far the tissue around the tumour reaches
BUMPINESS = 0.16

Stream = Callable[[str], np.random.Generator]


@dataclass(frozen=True, slots=True, eq=False)
class ChestScan:
    """A CT before noise: hu; tumour and lungs, which hold it; mm outside of the tumour's edge, 0 inside. All (z, y, x)."""

    hu: Image
    tumour: Mask
    lungs: Mask
    outside_mm: Image


@dataclass(frozen=True, slots=True, eq=False)
class Chest:
    """A patient's chest, the same at every visit. distance: how far out of the tumour's middle; white: noise of patterns."""

    grid: Grid
    hu: Image
    lungs: Mask
    distance: Image
    tumour_white: Image
    ring_white: Image

    @classmethod
    def draw(cls, grid: Grid, stream: Stream) -> Chest:
        """A chest in the middle of the grid. stream: the patient's generators, by words."""
        anatomy = draw_anatomy(stream("anatomy"))
        hu, lungs = draw_thorax(anatomy, *grid.axes())
        hu[lungs] += draw_vessels(stream("vessels"), grid.shape, grid.spacing_mm)[lungs]
        lesion = Lesion.draw(stream("shape"), anatomy.tumour_mm, BUMPINESS, bump_mm=9.0)
        white = (stream(word).standard_normal(grid.shape, dtype=np.float32) for word in ("texture", "ring"))
        return cls(grid, hu, lungs, lesion.distance(grid), *white)

    def scan(self, volume_ml: float, tumour: Tissue, smoothing_mm: float, ring: Tissue | None = None) -> ChestScan:
        """A scan with a tumour of this volume, and with `ring` a hazy rim of `RING_MM` around it inside the lung.

        smoothing_mm: Gaussian sigma of the reconstruction. Of one chest, the same grain gives the same pattern.
        """
        mask = innermost(self.distance, volume_ml, self.grid, self.lungs)
        outside = distance_transform_edt(~mask, sampling=self.grid.spacing_mm[::-1]).astype(np.float32)
        around = (outside > 0) & (outside <= RING_MM) & self.lungs
        hu = self.hu.copy()
        hu[mask] = tumour.histogram.mean
        if ring is not None:
            hu[around] = ring.histogram.mean
        hu = gaussian_filter(hu, self.grid.voxels(smoothing_mm), mode="nearest")
        weave(hu, mask, tumour, self.grid, smoothing_mm, self.tumour_white)
        if ring is not None:
            weave(hu, around, ring, self.grid, smoothing_mm, self.ring_white)
        return ChestScan(hu, mask, self.lungs | mask, outside)


def with_noise(image: Image, sd: float | Image, grid: Grid, smoothing_mm: float, rng: np.random.Generator) -> Image:
    """The image with a scanner's noise of this sd, as fine as its kernel."""
    noise = blurred(rng.standard_normal(grid.shape, dtype=np.float32), grid.voxels(smoothing_mm))
    noisy: Image = image + noise * np.asarray(sd, dtype=np.float32)
    return noisy


def to_hu(image: Image, offset: float) -> NDArray[np.int16]:
    """What a CT stores."""
    stored: NDArray[np.int16] = np.clip(np.rint(image + np.float32(offset)), -1024, 3071).astype(np.int16)
    return stored
