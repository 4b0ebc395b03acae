"""zscore: by mean and standard deviation of the whole image."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat

from features.core.kinds.normaliser import Change, Normaliser
from features.core.region import Region
from features.images.foreground import no_contrast, values_above


class ZScore(Normaliser):
    """(intensity − mean) / standard deviation × scale, over the whole image's voxels above zero."""

    kind: Literal["zscore"] = "zscore"
    scale: PositiveFloat = Field(100.0, description="what one standard deviation becomes")

    def fit(self, region: Region) -> Change:
        values = values_above(region.volume.intensities, 0)
        spread = float(values.std()) if len(values) else 0.0
        if spread == 0:
            raise no_contrast()
        mean, scale = float(values.mean()), self.scale / spread
        return lambda array: (array - mean) * scale
