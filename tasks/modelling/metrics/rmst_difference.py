"""Difference in restricted mean survival time of groups that were cut in training."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.time_lost import DaysLost


class RmstDifference(DaysLost):
    """How many days longer the low-risk group stays free of the event until the horizon, on average, than the high-risk group.

    Groups are cut at the median out-of-fold risk of the training cases. The horizon is that of the endpoint, or the median day of
    the training events. Cases of all folds are put together. Royston & Parmar, BMC Med Res Methodol 2013;13:152.
    """

    kind: Literal["rmst_difference"] = "rmst_difference"
    compared: ClassVar[Compared] = Compared(
        "restricted_mean_survival_time of lifelines; survfit of R",
        "1e-9",
        "tasks/modelling/test_follow_up.py",
    )
    title: ClassVar[str] = "difference in restricted mean survival time (days)"
    chance_is: ClassVar[str] = "groups of equal survival"
