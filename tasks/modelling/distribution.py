"""Distribution: of the time to an event, in regressions of that time."""

from typing import Literal

Distribution = Literal["weibull", "log_normal", "log_logistic"]
