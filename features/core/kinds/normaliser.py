"""Normaliser: makes the intensities of images comparable. A recipe names one; it acts before anything is resampled."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.bounds import Iterations, Shrink
from features.core.case import Modality, Unit
from features.core.frozen import Frozen
from features.core.kinds.registry import Kind, Registry
from features.core.region import Region

Change = Callable[[NDArray[np.float64]], NDArray[np.float64]]  # of intensities, voxel by voxel


class BiasCorrection(Frozen):
    """N4 (Tustison et al., IEEE Trans Med Imaging 2010;29:1310): the slow variation that coils leave in an MR is divided out."""

    shrink: Shrink = Field(4, description="the field is found on every n-th voxel along each axis")
    iterations: tuple[Iterations, ...] = Field(
        (50, 50, 50, 50), min_length=1, max_length=10, description="at most so many on each level of the fit"
    )


def _is_empty(value: object) -> bool:
    return value == ""


class FittedOn(Frozen):
    """Whose images a normaliser was fitted on, and how they had been prepared."""

    cohort: str = Field(description="cohort of the images")
    centres: tuple[str, ...] = Field(description="their centres; none: all")
    modality: Modality = Field(description="their modality")
    unit: Unit = Field(description="unit of their intensities")
    bias_correction: BiasCorrection | None = Field(None, description="how their bias field was corrected")
    image: str = Field("", exclude_if=_is_empty, description="their word in the catalog, if they have one")


class Normaliser(Kind):
    """Turns intensities into comparable ones. Frozen settings; the same image and ROI give the same values.

    calibrates: values mean the same in every image afterwards, so that a bin width makes sense for arbitrary units.
    """

    calibrates: ClassVar[bool] = True

    @property
    def keeps_unit(self) -> bool:
        """Whether intensities stay in the unit of the image."""
        return False

    @property
    def fitted_on(self) -> FittedOn | None:
        """Whose images it was fitted on; None: it knows no other image than the one that it is applied to."""
        return None

    @abstractmethod
    def fit(self, region: Region) -> Change:
        """What becomes of the intensities of the region's image, all of which count.

        Raises Rejected: IMAGE_FLAT (there is no contrast to normalise by).
        """


# Recipes of the time when there was no other name no kind.
NORMALISERS: Registry[Normaliser] = Registry(Normaliser, "features.images.normalisers", default="zscore")
