"""Location and scale of each centre, column by column."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.harmonise.effects.shrinkage import Shrinkage
from tasks.modelling.preprocessing.harmoniser import EffectsHarmoniser


class LocationScale(EffectsHarmoniser):
    """Every centre takes the mean and the scale of all: ComBat without shrinkage, for centres with many rows."""

    kind: Literal["location_scale"] = "location_scale"
    compared: ClassVar[Compared] = Compared(
        "neuroCombat and neuroHarmonize, eb=False, on a golden table",
        "1e-7",
        "tasks/modelling/preprocessing/harmonise/test_combat.py",
    )

    @property
    def shrinkage(self) -> Shrinkage:
        return "none"
