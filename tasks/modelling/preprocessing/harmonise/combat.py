"""ComBat: location and scale of each centre, drawn together over its columns by empirical Bayes."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.harmonise.effects.shrinkage import Shrinkage
from tasks.modelling.preprocessing.harmoniser import EffectsHarmoniser


class Combat(EffectsHarmoniser):
    """Every centre takes the mean and the scale of all; what is taken out of a centre is drawn together over its columns.

    ComBat, fitted on training rows. Johnson et al., Biostatistics 2007;8:118; Fortin et al., NeuroImage 2018;167:104.
    """

    kind: Literal["combat"] = "combat"
    compared: ClassVar[Compared] = Compared(
        "neuroCombat and neuroHarmonize on a golden table and on the cohorts of Hosny",
        "1e-7",
        "tasks/modelling/preprocessing/harmonise/test_combat.py",
    )

    method: Literal["parametric", "non_parametric"] = Field(
        "parametric",
        description="prior of the effects: a normal and an inverse gamma distribution, or the other columns themselves "
        "(whose time grows with the square of their number)",
    )

    @property
    def shrinkage(self) -> Shrinkage:
        return self.method
