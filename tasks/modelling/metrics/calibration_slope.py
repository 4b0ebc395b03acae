"""Calibration slope."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.recalibration import Recalibrated


class CalibrationSlope(Recalibrated):
    """The slope of what was seen over what was predicted: 1 is right, less says that predictions are too far apart.

    Of yes or no that of logistic regression on the predicted log odds, of a number that of least squares.
    Cox, Biometrika 1958;45:562; Van Calster et al., BMC Med 2019;17:230.
    """

    kind: Literal["calibration_slope"] = "calibration_slope"
    compared: ClassVar[Compared] = Compared(
        "glm of R, on a public table", "1e-6", "tasks/modelling/metrics/test_brier.py"
    )
    title: ClassVar[str] = "calibration slope"
    slope: ClassVar[bool] = True
