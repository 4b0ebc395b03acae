"""contour: the region of another reader, whose contour follows the same image otherwise."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat
from scipy import ndimage

from features.core.bounds import Iterations
from features.core.region import Region
from features.radiomics.perturb import Perturbation, redrawn
from features.radiomics.supervoxels import supervoxels

SURELY, HARDLY = 0.9, 0.2  # shares of a supervoxel inside the mask from which it is always, below which never taken
FEWEST = 20  # voxels of a supervoxel, where voxels are large


class Contour(Perturbation):
    """Zwanenburg et al., Sci Rep 2019;9:614: supervoxels that the contour cuts are taken by lot.

    The image round the ROI, smoothed a little, is cut into supervoxels of alike intensity. One that lies inside the outline
    to at least 0.9 is taken, one below 0.2 is not, another with the probability of its share. Gaps are closed (6
    neighbours) and parts that do not meet the outline are left out. Intensities are scaled by the mask's mean ± 3 standard
    deviations.
    """

    kind: Literal["contour"] = "contour"
    supervoxel_mm3: PositiveFloat = Field(250.0, description="volume of a supervoxel in mm³, 20 voxels at least")
    compactness: PositiveFloat = Field(0.05, description="weight of nearness against alikeness")
    smoothing_mm: NonNegativeFloat = Field(
        1.0, description="standard deviation of the Gaussian that quiets noise before"
    )
    iterations: Iterations = Field(10, description="steps in which supervoxels settle")

    def apply(self, region: Region, rng: np.random.Generator) -> Region:
        mask, spacing = region.shape_mask, region.volume.spacing_mm
        size = max(self.supervoxel_mm3, FEWEST * float(np.prod(spacing)))
        cell = float(np.cbrt(size))
        near = tuple(
            slice(max(int(part.start - 2 * cell / step) - 1, 0), int(part.stop + 2 * cell / step) + 2)
            for part, step in zip(ndimage.find_objects(mask.astype(np.uint8))[0], spacing[::-1], strict=True)
        )
        quiet = ndimage.gaussian_filter(_scaled(region)[near], [self.smoothing_mm / step for step in spacing[::-1]])
        image, inside = np.asarray(quiet), mask[near]
        labels = supervoxels(image, spacing, cell, self.compactness, self.iterations)
        whole = np.bincount(labels.reshape(-1))
        share = np.bincount(labels[inside], minlength=len(whole)) / np.maximum(whole, 1)
        taken = np.where(share >= SURELY, True, (share >= HARDLY) & (rng.random(len(share)) < share))
        if not taken.any():
            taken[int(np.argmax(share))] = True
        found = ndimage.binary_closing(np.pad(taken[labels], 1))[1:-1, 1:-1, 1:-1]
        parts, _ = ndimage.label(found)
        meeting = np.setdiff1d(np.unique(parts[inside]), 0)
        mask = np.zeros_like(mask)
        mask[near] = np.isin(parts, meeting)
        return redrawn(region, mask)


def _scaled(region: Region) -> NDArray[np.float64]:
    values = region.values.astype(np.float64)
    spread = float(values.std()) or 1.0
    low = float(values.mean()) - 3 * spread
    return np.clip((region.volume.array.astype(np.float64) - low) / (6 * spread), 0.0, 1.0)
