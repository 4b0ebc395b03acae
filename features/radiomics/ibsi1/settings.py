"""Settings of the IBSI mode: how features are computed of prepared pixels."""

from __future__ import annotations

from pydantic import NonNegativeInt

from features.core.frozen import Frozen
from features.core.kinds.preparation import FixedBinCount, FixedBinWidth


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
