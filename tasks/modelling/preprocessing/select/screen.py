"""The columns that go best with the outcome, one by one."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.ranker import Ranker, contrasts_of
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class Screen(Ranker):
    """Keeps the k columns of highest association with the outcome, or with any of its contrasts; all if there are fewer.

    Association: distance of the AUC from 0.5 for a flag or a class, |Spearman's ρ| for a number, |z| of a univariate Cox score
    test with follow-up. events_per_feature: at most one column for so many training events, or cases of the smallest class;
    0: no such limit. Ties take the earlier column. Fan & Lv, J R Stat Soc B 2008;70:849 (sure independence screening).
    """

    kind: Literal["screen"] = "screen"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/preprocessing/select/test_screen.py")

    def ranked(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        most: int,  # noqa: ARG002 (all have their place)
    ) -> tuple[NDArray[np.intp], Floats]:
        from features.core.association import association  # scipy takes a while, and studies are read without it

        strength = np.max([association(rows.X, one) for one in contrasts_of(self.kind, target)], axis=0)
        return np.argsort(-strength, kind="stable"), strength
