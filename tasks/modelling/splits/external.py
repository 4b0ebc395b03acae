"""External cohorts."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from features.core.design import EXTERNAL, Design
from features.core.errors import FitError
from tasks.modelling.splits.split import Fold, Split, check_disjoint


class External(Split):
    """All that develops models trains once, and every external cohort is predicted by that.

    Raises FitError if there is no external cohort.
    """

    kind: Literal["external"] = "external"
    predicts_held_out: ClassVar[bool] = True

    def cut(self, design: Design, seed: int) -> list[Fold]:  # noqa: ARG002 (nothing random in it)
        train, test = np.flatnonzero(design.develops), np.flatnonzero(design.held_out == EXTERNAL)
        if not len(test):
            raise FitError("no case of an external cohort is left")
        check_disjoint(design.groups, train, test)
        return [Fold("external", 0, train, test)]
