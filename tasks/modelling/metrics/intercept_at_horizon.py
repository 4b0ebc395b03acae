"""Calibration at the horizon: the intercept."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.horizon_line import HorizonLine


class InterceptAtHorizon(HorizonLine):
    """How much higher predicted incidences would have to be to be right on average: 0 is right, less says that they are too high.

    In log(−log(1 − incidence)), by regression whose slope is 1; e to the power of it is a ratio of cumulative hazards. Cases weigh
    by the censoring of the training fold. van Geloven et al., BMJ 2022;377:e069249.
    """

    kind: Literal["intercept_at_horizon"] = "intercept_at_horizon"
    compared: ClassVar[Compared] = Compared(
        "weighted GLM of statsmodels, on nki70", "1e-6", "tasks/modelling/test_horizon_line.py"
    )
    title: ClassVar[str] = "calibration intercept at the horizon"
    ideal: ClassVar[float | None] = 0.0
    slope: ClassVar[bool] = False
