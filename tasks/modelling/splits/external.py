"""External cohorts."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.design import EXTERNAL
from features.core.kinds.compared import Compared
from tasks.modelling.splits.split import HeldOut


class External(HeldOut):
    """All that develops models trains once, and every external cohort is predicted by that.

    Raises FitError if there is no external cohort.
    """

    kind: Literal["external"] = "external"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/splits/test_split.py")
    role: ClassVar[str] = EXTERNAL
    lacks: ClassVar[str] = (
        "no case of an external cohort is left: the flow of patients in the report says why they left"
    )
