"""FixedThreshold: the voxels of a PET from an intensity on, such as a SUV of 4."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat

from features.core.kinds.mask import Mask
from features.core.region import Volume
from features.images.masks.threshold import Level, PetThreshold


class FixedThreshold(PetThreshold):
    """One threshold for all patients, in the unit of the image: SUV 4.0 for lymphoma (Barrington et al., Eur J Nucl Med Mol
    Imaging 2021;48:3702), 2.5 in many studies of lung tumours."""

    kind: Literal["fixed_threshold"] = Field(
        "fixed_threshold", alias="format", description="voxels of a PET from an intensity on"
    )
    value: PositiveFloat = Field(description="the threshold, in the unit of the image")

    def level(
        self,
        image: Volume,  # noqa: ARG002
        values: NDArray[np.float64],  # noqa: ARG002
        hottest: float,  # noqa: ARG002
        region: Mask,  # noqa: ARG002
    ) -> Level:
        """The value that is declared."""
        return Level(self.value, {})
