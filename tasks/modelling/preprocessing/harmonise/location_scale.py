"""Location and scale of each centre, column by column."""

from __future__ import annotations

from typing import Literal

from tasks.modelling.preprocessing.harmonise.effects.shrinkage import Shrinkage
from tasks.modelling.preprocessing.harmoniser import EffectsHarmoniser


class LocationScale(EffectsHarmoniser):
    """Every centre takes the mean and the scale of all: ComBat without shrinkage, for centres with many rows."""

    kind: Literal["location_scale"] = "location_scale"

    @property
    def shrinkage(self) -> Shrinkage:
        return "none"
