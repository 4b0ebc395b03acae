"""rotation: the region turned within its slices."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from pydantic import Field

from features.core.region import Region
from features.radiomics.move import move
from features.radiomics.perturb import Perturbation


class Rotation(Perturbation):
    """Turns image and mask within the slices, from x to y, about the centre of the outline."""

    kind: Literal["rotation"] = "rotation"
    degrees: float = Field(description="angle in degrees, such as 6")

    def apply(self, region: Region, rng: np.random.Generator) -> Region:  # noqa: ARG002
        angle = math.radians(self.degrees)
        back = np.array([[1, 0, 0], [0, math.cos(angle), -math.sin(angle)], [0, math.sin(angle), math.cos(angle)]])
        scale = np.array(region.volume.spacing_mm[::-1])
        matrix = back * scale[None, :] / scale[:, None]  # turned in mm, not in voxels
        centre = np.argwhere(region.shape_mask).mean(axis=0)
        return move(region, matrix, centre - matrix @ centre)
