"""largest: the slice where the ROI is largest."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.deep.grid import Grid
from features.deep.plane_sampling import PlaneSampling, largest


class Largest(PlaneSampling):
    """One channel of each image. Ties go to the lowest slice."""

    kind: Literal["largest"] = "largest"

    def channels(self, images: int) -> int:
        return images

    def places(self, grid: Grid) -> NDArray[np.float64]:
        return np.array([[largest(grid)]], np.float64)
