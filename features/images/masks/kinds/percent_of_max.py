"""PercentOfMax: the voxels of a PET from a share of its hottest voxel on."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.mask import Mask
from features.core.region import Volume
from features.images.masks.threshold import Level, PetThreshold


class PercentOfMax(PetThreshold):
    """An isocontour: 41 % of the hottest voxel is that of the EANM (Boellaard et al., Eur J Nucl Med Mol Imaging 2015;42:328)."""

    kind: Literal["percent_of_max"] = Field(
        "percent_of_max", alias="format", description="voxels of a PET from a percentage of the hottest one on"
    )
    percent: Annotated[float, Field(gt=0, lt=100)] = Field(41.0, description="of the hottest voxel of the region")

    def level(
        self,
        image: Volume,  # noqa: ARG002
        values: NDArray[np.float64],  # noqa: ARG002
        hottest: float,
        region: Mask,  # noqa: ARG002
    ) -> Level:
        """So many per cent of the hottest voxel."""
        return Level(hottest * self.percent / 100.0, {})
