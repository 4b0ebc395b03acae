"""percentile: two percentiles of the image become 0 and the scale."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveFloat, model_validator

from features.core.kinds.normaliser import Change, Normaliser
from features.core.region import Region
from features.images.foreground import no_contrast, values_above

Percent = Annotated[float, Field(ge=0, le=100)]


class Percentile(Normaliser):
    """(intensity − lower) / (upper − lower) × scale, by percentiles of the whole image's voxels above zero."""

    kind: Literal["percentile"] = "percentile"
    lower: Percent = Field(1.0, description="percentile that becomes 0")
    upper: Percent = Field(99.0, description="percentile that becomes `scale`")
    scale: PositiveFloat = Field(100.0, description="what the upper percentile becomes")
    clip: bool = Field(False, description="whether what lies beyond the percentiles is cut off")

    @model_validator(mode="after")
    def check_order(self) -> Percentile:
        if self.lower >= self.upper:
            raise ValueError(f"the lower percentile {self.lower:g} is not below the upper one {self.upper:g}")
        return self

    def fit(self, region: Region) -> Change:
        values = values_above(region.volume.intensities, 0)
        low, high = np.percentile(values, [self.lower, self.upper]).tolist() if len(values) else (0.0, 0.0)
        if high <= low:
            raise no_contrast()
        scale, top = self.scale / (high - low), self.scale if self.clip else np.inf
        return lambda array: np.clip((array - low) * scale, 0.0 if self.clip else -np.inf, top)
