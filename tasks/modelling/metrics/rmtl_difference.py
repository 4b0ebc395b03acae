"""Difference in restricted mean time lost to one cause, of groups that were cut in training."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.time_lost import DaysLost


class RmtlDifference(DaysLost):
    """How many more days until the horizon the high-risk group loses to the event of interest, on average, than the low-risk group.

    Whoever had another event loses no more days to that of interest: the area below Aalen and Johansen's curve, which is what
    restricted mean survival time is where nothing competes. Groups are cut at the median out-of-fold risk of the training cases.
    The horizon is that of the endpoint, or the median day of the training events of interest. Cases of all folds are put together.
    Andersen, Stat Med 2013;32:5278; Conner & Trinquart, Stat Med 2021;40:2177.
    """

    kind: Literal["rmtl_difference"] = "rmtl_difference"
    compared: ClassVar[Compared] = Compared(
        "survfit of R with several states",
        "1e-9",
        "tasks/modelling/test_follow_up.py",
    )
    title: ClassVar[str] = "difference in restricted mean time lost (days)"
    chance_is: ClassVar[str] = "groups that lose equally many"
