"""Calibration in the large."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.recalibration import Recalibrated


class CalibrationIntercept(Recalibrated):
    """How much higher predictions would have to be to be right on average: 0 is right, less says that they are too high.

    Of yes or no in log odds, by logistic regression whose slope is 1; of a number in its unit.
    Cox, Biometrika 1958;45:562; Van Calster et al., BMC Med 2019;17:230.
    """

    kind: Literal["calibration_intercept"] = "calibration_intercept"
    compared: ClassVar[Compared] = Compared(
        "glm of R, on a public table", "1e-6", "tasks/modelling/metrics/test_brier.py"
    )
    title: ClassVar[str] = "calibration intercept"
    ideal: ClassVar[float | None] = 0.0
    slope: ClassVar[bool] = False
