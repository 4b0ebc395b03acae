"""External cohorts."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.design import EXTERNAL
from tasks.modelling.splits.split import HeldOut


class External(HeldOut):
    """All that develops models trains once, and every external cohort is predicted by that.

    Raises FitError if there is no external cohort.
    """

    kind: Literal["external"] = "external"
    role: ClassVar[str] = EXTERNAL
    lacks: ClassVar[str] = "no case of an external cohort is left"
