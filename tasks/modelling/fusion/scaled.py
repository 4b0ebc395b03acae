"""Steps block by block, then one model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.fusion.fusion import Fusion, Joined

if TYPE_CHECKING:
    from tasks.modelling.candidate import Candidate
    from tasks.modelling.evaluation.fold_fit import FoldFit


class Scaled(Fusion):
    """Every block goes through the steps alone, a screen among them, and is divided by the root of its number of columns.

    One model then sees all of them: a penalty weighs blocks alike, however many columns they have.
    """

    kind: Literal["scaled"] = "scaled"

    def fit(self, fold: FoldFit, candidate: Candidate, columns: NDArray[np.intp], own: bool) -> Joined:
        return fold.table(candidate.steps, candidate.model, columns, own=own, by_block=True)
