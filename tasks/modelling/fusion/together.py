"""All blocks as one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.fusion.fusion import FoldTables, Fusion, Joined
from tasks.modelling.models.model import Model
from tasks.modelling.preprocessing.step import Step


class Together(Fusion):
    """All columns in one table: steps and model do not know of blocks, so large blocks crowd out small ones."""

    kind: Literal["together"] = "together"

    def fit(
        self, fold: FoldTables, steps: Sequence[Step], model: Model, columns: NDArray[np.intp], *, own: bool
    ) -> Joined:
        return fold.table(steps, model, columns, own=own)
