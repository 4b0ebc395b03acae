"""volume: the region of a reader who contours more widely or more narrowly."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from features.core.region import Region
from features.images.distance import depth_mm, distance_mm
from features.radiomics.perturb import Perturbation, redrawn


class Volume(Perturbation):
    """Grows or shrinks the outline evenly to a share of its voxels; which of equally far ones is drawn by lot."""

    kind: Literal["volume"] = "volume"
    change: float = Field(
        gt=-1, description="share of the voxels that is added, such as 0.1, or taken away, such as -0.1"
    )

    def apply(self, region: Region, rng: np.random.Generator) -> Region:
        mask, spacing = region.shape_mask.copy(), region.volume.spacing_mm
        grows = self.change > 0
        many = round(abs(self.change) * int(mask.sum()))
        places = np.flatnonzero(~mask if grows else mask)
        far = (distance_mm if grows else depth_mm)(mask, spacing).reshape(-1)[places]
        first = np.lexsort((rng.random(len(places)), np.round(far, 6)))[:many]
        mask.reshape(-1)[places[first]] = grows
        return redrawn(region, mask)
