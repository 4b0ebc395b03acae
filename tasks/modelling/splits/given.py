"""The split that a column of the tables gives."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from features.core.design import TEST, Design
from features.core.errors import FitError
from tasks.modelling.splits.split import Fold, Split, check_disjoint


class Given(Split):
    """Cases that a table's column calls training train once, and those that it calls test are predicted.

    Other splits of the study cut the training cases alone. Raises FitError if no test case is left.
    """

    kind: Literal["given"] = "given"
    predicts_held_out: ClassVar[bool] = True

    def cut(self, design: Design, seed: int) -> list[Fold]:  # noqa: ARG002 (nothing random in it)
        train, test = np.flatnonzero(design.develops), np.flatnonzero(design.held_out == TEST)
        if not len(test):
            raise FitError("no test case is left: no table of the cohorts has a split with test cases that can be used")
        check_disjoint(design.groups, train, test)
        return [Fold("test", 0, train, test)]
