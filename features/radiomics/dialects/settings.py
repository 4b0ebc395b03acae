"""Settings of each dialect: how features are computed from the intensities of a ROI."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeInt, model_validator

from features.core.bounds import MOST_DISTANCES, BinCount, BinWidth, Distance
from features.core.frozen import Frozen
from features.core.kinds.preparation import FixedBinCount, FixedBinWidth


class Settings(Frozen):
    """What decides features once the pixels are prepared; the defaults are those of pyradiomics.

    bin_width or bin_count: discretisation; pyradiomics' bins of a width begin at multiples of it. distances: of the
    neighbours in GLCM, GLDM and NGTDM, in voxels (Chebyshev). symmetrical: pairs of voxels count in both orders.
    weighting: how GLCM and GLRLM of several directions are merged before features are computed; None: features are
    averaged. dependence: largest difference of grey levels of dependent voxels (GLDM). array_shift: added to intensities
    for energy, total energy and root mean square. flat: directions within slices only, `flat_axis` is the axis (z, y or x
    as 0, 1, 2) across the slices.
    """

    bin_width: BinWidth | None = 25.0
    bin_count: BinCount | None = None
    distances: tuple[Distance, ...] = Field((1,), min_length=1, max_length=MOST_DISTANCES)
    symmetrical: bool = True
    weighting: Literal["manhattan", "euclidean", "infinity", "no_weighting"] | None = None
    dependence: NonNegativeInt = 0
    array_shift: float = 0.0
    flat: bool = False
    flat_axis: Literal[0, 1, 2] = 0

    @model_validator(mode="after")
    def check_bins(self) -> Settings:
        if (self.bin_width is None) == (self.bin_count is None):
            raise ValueError("give either bin_width or bin_count")
        return self


class IbsiSettings(Frozen):
    """What a recipe and its extractor say of features.

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
