"""noise: the region of a scan with more noise."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat

from features.core.region import Region
from features.radiomics.perturb import Perturbation

GAUSSIAN = 0.6744897501960817  # median of |x| of a standard normal x


class Noise(Perturbation):
    """Adds Gaussian noise to every voxel; the mask stays."""

    kind: Literal["noise"] = "noise"
    sd: PositiveFloat | None = Field(
        None, description="standard deviation in the image's unit; null: that of the noise which the image has"
    )

    def apply(self, region: Region, rng: np.random.Generator) -> Region:
        array = region.volume.array.astype(np.float64)
        sd = noise_sd(array) if self.sd is None else self.sd
        return replace(region, volume=replace(region.volume, array=array + rng.normal(0.0, 1.0, array.shape) * sd))


def noise_sd(array: NDArray[np.float64]) -> float:
    """Standard deviation of the noise of an image (z, y, x), by its finest diagonal details within slices.

    Chang et al., IEEE Trans Image Process 2000;9:1532: median of their magnitudes over 0.6745; the wavelet is Haar's.
    """
    even = array[:, : array.shape[1] // 2 * 2, : array.shape[2] // 2 * 2]
    rows = even[:, 1::2] - even[:, ::2]
    details = (rows[:, :, 1::2] - rows[:, :, ::2]) / 2
    return float(np.median(np.abs(details))) / GAUSSIAN if details.size else 0.0
