"""Calibration at the horizon: the slope."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.horizon_line import HorizonLine


class SlopeAtHorizon(HorizonLine):
    """Whether predicted incidences lie as far apart as what was seen: 1 is right, less says that they are too far apart.

    In log(−log(1 − incidence)), beside an intercept of its own. Cases weigh by the censoring of the training fold.
    van Geloven et al., BMJ 2022;377:e069249.
    """

    kind: Literal["slope_at_horizon"] = "slope_at_horizon"
    compared: ClassVar[Compared] = Compared(
        "weighted GLM of statsmodels, on nki70", "1e-6", "tasks/modelling/test_horizon_line.py"
    )
    title: ClassVar[str] = "calibration slope at the horizon"
    slope: ClassVar[bool] = True
