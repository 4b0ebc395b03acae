"""PyradiomicsPreparation: what is done to an image and a label map before they are measured, in the words of pyradiomics.

Apart from the doing (`prepare_pair`), so that a process which only reads settings loads no compiled code.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from features.core.frozen import Frozen

Interpolator = Literal[
    "NearestNeighbor",
    "Linear",
    "BSpline",
    "Gaussian",
    "LabelGaussian",
    "HammingWindowedSinc",
    "CosineWindowedSinc",
    "WelchWindowedSinc",
    "LanczosWindowedSinc",
    "BlackmanWindowedSinc",
]


class PyradiomicsPreparation(Frozen):
    """What is done to pixels before features are computed. The defaults are those of pyradiomics: nothing.

    label: of the ROI in the label map. normalise: (intensity − mean) / standard deviation of the whole image, cut off at
    ± outliers, times scale. spacing_mm: (x, y, z) to resample to; 0 keeps the spacing of an axis. crop: the image to the
    ROI's box and `padding` voxels (also of a resampled grid) before filters see it. resegment: one lower bound, or both
    bounds, of the intensities that stay in the ROI: as they are, as a share of its maximum, or in standard deviations from
    its mean; resegment_shape: also for features of shape. correct_mask: a label map on another grid is resampled to the
    image's. tolerance: of grids, mm and cosine; None: 1e-4 (origin 1e-3). minimum_voxels: the ROI has to have more.
    """

    label: PositiveInt = 1
    normalise: bool = False
    scale: PositiveFloat = 1.0
    outliers: PositiveFloat | None = None
    spacing_mm: tuple[NonNegativeFloat, NonNegativeFloat, NonNegativeFloat] | None = None
    interpolator: Interpolator = "BSpline"
    crop: bool = False
    padding: NonNegativeInt = 5
    resegment: tuple[float, ...] | None = Field(None, min_length=1, max_length=2)
    resegment_mode: Literal["absolute", "relative", "sigma"] = "absolute"
    resegment_shape: bool = False
    correct_mask: bool = False
    tolerance: PositiveFloat | None = None
    minimum_dimensions: Literal[1, 2, 3] = 2
    minimum_voxels: PositiveInt | None = None
