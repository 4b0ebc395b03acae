"""AdaptiveThreshold: the voxels of a PET above a threshold that lies between the uptake of the tumour and of what is round it."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, model_validator

from features.core.box import bounding_box
from features.core.kinds.mask import Mask
from features.core.quarantine import Rejected
from features.core.region import Box, Vector, Volume
from features.images.distance import distance_mm
from features.images.masks.threshold import Level, PetThreshold, hottest_part

CORE, EDGE = (
    0.70,
    0.41,
)  # of the hottest voxel: what is surely of the tumour, and beyond what the background is measured


class AdaptiveThreshold(PetThreshold):
    """The contrast-oriented threshold `share` × mean70 + `background_share` × background.

    mean70: mean of the connected voxels from 70 % of the hottest one on. background: mean of a shell round the tumour, of voxels
    below 41 % of the hottest one. The shares depend on scanner and reconstruction: 0.5 and 0.5 are those of the publication for
    lesions of 3 cm and more, 0.67 and 0.60 below (Schaefer et al., Eur J Nucl Med Mol Imaging 2008;35:1989). 0.15 and 1 give
    the threshold of Nestle et al. (J Nucl Med 2005;46:1342). Calibrate them with a phantom of your scanner.
    """

    kind: Literal["adaptive_threshold"] = Field(
        "adaptive_threshold",
        alias="format",
        description="voxels of a PET above a threshold between tumour and background",
    )
    share: PositiveFloat = Field(0.5, description="factor of the mean uptake inside the isocontour of 70 %")
    background_share: PositiveFloat = Field(0.5, description="factor of the mean uptake of the background")
    background_mm: tuple[Annotated[float, Field(ge=0)], PositiveFloat] = Field(
        (5.0, 15.0), description="from where to where round the isocontour of 41 % the background is measured"
    )

    @model_validator(mode="after")
    def check_shell(self) -> AdaptiveThreshold:
        if self.background_mm[0] >= self.background_mm[1]:
            raise ValueError(f"background_mm goes from near to far, such as [5, 15]; found {list(self.background_mm)}")
        return self

    def level(self, image: Volume, values: NDArray[np.float64], hottest: float, region: Mask) -> Level:
        """The threshold of the publication. Raises Rejected(SEGMENTATION_FAILED) without a background or without contrast."""
        core = hottest_part(np.asarray(values >= CORE * hottest) & region, values, region)
        edge = hottest_part(np.asarray(values >= EDGE * hottest) & region, values, region)
        near, far = self.background_mm
        box = _widened(bounding_box(edge), far, image)
        away = distance_mm(edge[box], image.spacing_mm)
        around = (away > near) & (away <= far) & (values[box] < EDGE * hottest) & np.isfinite(values[box])
        if not around.any():
            what = f"there is no background {near:g} to {far:g} mm round the isocontour of 41 %"
            raise Rejected("SEGMENTATION_FAILED", what)
        mean70, background = float(values[core].mean()), float(values[box][around].mean())
        level = self.share * mean70 + self.background_share * background
        facts: dict[str, float | int | str] = {"mean70": mean70, "background": background}
        if not background < level < hottest:
            what = "the threshold lies not between background and hottest voxel: there is too little contrast"
            raise Rejected("SEGMENTATION_FAILED", what, threshold=round(level, 4), background=round(background, 4))
        return Level(level, facts)


def _widened(box: Box, far_mm: float, image: Volume) -> Box:
    spacing: Vector = image.spacing_mm
    more = [int(np.ceil(far_mm / step)) + 1 for step in spacing[::-1]]
    z, y, x = (
        slice(max(0, axis.start - by), min(length, axis.stop + by))
        for axis, by, length in zip(box, more, image.array.shape, strict=True)
    )
    return z, y, x
