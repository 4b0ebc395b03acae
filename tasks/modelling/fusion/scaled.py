"""Steps block by block, then one model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.fusion.fusion import FoldTables, Fusion, Joined
from tasks.modelling.models.model import Model
from tasks.modelling.preprocessing.step import Step


class Scaled(Fusion):
    """Every block goes through the steps alone, a screen among them, and is divided by the root of its number of columns.

    One model then sees all of them: a penalty weighs blocks alike, however many columns they have. The division is by the root of
    the number beside its mean over blocks, so that the penalty's settings fit as they do one table.
    """

    kind: Literal["scaled"] = "scaled"

    def fit(
        self, fold: FoldTables, steps: Sequence[Step], model: Model, columns: NDArray[np.intp], *, own: bool
    ) -> Joined:
        several = len(np.unique(fold.columns.blocks[columns])) > 1
        return fold.table(steps, model, columns, own=own, by_block=several)
