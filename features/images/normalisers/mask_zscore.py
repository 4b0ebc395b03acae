"""mask_zscore: by mean and standard deviation of the ROI."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, PositiveFloat

from features.core.kinds.normaliser import Change, Normaliser
from features.core.region import Region
from features.images.foreground import no_contrast


class MaskZScore(Normaliser):
    """(intensity − mean) / standard deviation × scale, over the voxels of the ROI: its own mean and spread are lost."""

    kind: Literal["mask_zscore"] = "mask_zscore"
    scale: PositiveFloat = Field(100.0, description="what one standard deviation becomes")

    def fit(self, region: Region) -> Change:
        values = region.values.astype(np.float64)
        values = values[np.isfinite(values)]
        spread = float(values.std()) if len(values) else 0.0
        if spread == 0:
            raise no_contrast()
        mean, scale = float(values.mean()), self.scale / spread
        return lambda array: (array - mean) * scale
