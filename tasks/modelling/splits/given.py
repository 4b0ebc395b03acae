"""The split that a column of the tables gives."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.design import TEST
from features.core.kinds.compared import Compared
from tasks.modelling.splits.split import HeldOut


class Given(HeldOut):
    """Cases that a table's column calls training train once, and those that it calls test are predicted.

    Other splits of the study cut the training cases alone. Raises FitError if no test case is left.
    """

    kind: Literal["given"] = "given"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/splits/test_split.py")
    role: ClassVar[str] = TEST
    lacks: ClassVar[str] = "no test case is left: no table of the cohorts has a split with test cases that can be used"
