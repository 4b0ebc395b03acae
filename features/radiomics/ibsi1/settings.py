"""Settings of the IBSI mode: how pixels are prepared, and how features are computed of them."""

from __future__ import annotations

from typing import Literal

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, model_validator

from features.core.recipe import FixedBinCount, FixedBinWidth
from features.core.room import Frozen


class PrepareSettings(Frozen):
    """What happens to pixels before features are computed.

    spacing_mm: (x, y, z) to resample to, 0 keeps an axis, None the grid. resegment: intensities that are kept (IBSI USB3),
    either bound may be None; outlier_sigma: then those within so many standard deviations of the mean (IBSI 7ACA).
    """

    spacing_mm: tuple[NonNegativeFloat, NonNegativeFloat, NonNegativeFloat] | None = None
    interpolator: Literal["linear", "bspline"] = "linear"
    round_intensities: bool = False
    resegment: tuple[float | None, float | None] | None = None
    outlier_sigma: PositiveFloat | None = None

    @model_validator(mode="after")
    def check_bounds(self) -> PrepareSettings:
        low, high = self.resegment or (None, None)
        if low is not None and high is not None and not low < high:
            raise ValueError(f"resegment: the lower bound {low} is not below the upper bound {high}")
        return self


class IbsiSettings(Frozen):
    """How features are computed of prepared pixels.

    discretise: grey levels for histogram and textures; None: the intensities are levels (whole numbers from 1).
    ivh: the same for the intensity-volume histogram; None: whole intensities. bin_range: the bounds of re-segmentation;
    bins of a width begin at its lower one, and the intensity-volume histogram reaches over it; where None, the ROI's
    lowest and highest intensity. coarseness: largest difference of dependent grey levels (NGLDM alpha).
    Neighbours are at Chebyshev distance 1 throughout.
    """

    discretise: FixedBinWidth | FixedBinCount | None
    ivh: FixedBinWidth | FixedBinCount | None = None
    bin_range: tuple[float | None, float | None] = (None, None)
    coarseness: NonNegativeInt = 0
