"""All blocks as one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.fusion.fusion import Fusion, Joined

if TYPE_CHECKING:
    from tasks.modelling.candidate import Candidate
    from tasks.modelling.evaluation.fold_fit import FoldFit


class Together(Fusion):
    """All columns in one table: steps and model do not know of blocks, so large blocks crowd out small ones."""

    kind: Literal["together"] = "together"

    def fit(self, fold: FoldFit, candidate: Candidate, columns: NDArray[np.intp], own: bool) -> Joined:
        return fold.table(candidate.steps, candidate.model, columns, own=own)
