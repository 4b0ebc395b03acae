"""translation: the region between the voxels of its grid."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from features.core.region import Region
from features.radiomics.move import move
from features.radiomics.perturb import Perturbation


class Translation(Perturbation):
    """Moves image and mask by parts of a voxel."""

    kind: Literal["translation"] = "translation"
    voxels: tuple[float, float, float] = Field(description="shift along x, y and z, in voxels, such as 0.25")

    def apply(self, region: Region, rng: np.random.Generator) -> Region:  # noqa: ARG002
        return move(region, np.eye(3), -np.array(self.voxels[::-1]))
