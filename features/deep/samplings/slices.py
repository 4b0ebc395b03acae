"""slices: several slices, evenly through the ROI."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.deep.grid import Grid
from features.deep.plane_sampling import PlaneSampling


class Slices(PlaneSampling):
    """Each a view: the middles of as many equal parts of the ROI, from the lowest to the highest, in one square round all of it.

    A ROI of fewer slices has some repeated.
    """

    kind: Literal["slices"] = "slices"

    count: int = Field(5, ge=1, le=64, description="how many slices, each a view")

    @property
    def ways(self) -> tuple[str, ...]:
        return tuple(f"{number}of{self.count}" for number in range(1, self.count + 1))

    def channels(self, images: int) -> int:
        return images

    def places(self, grid: Grid) -> NDArray[np.float64]:
        part = grid.box[0]
        middles = (np.arange(self.count) + 0.5) * (part.stop - part.start) / self.count
        found: NDArray[np.float64] = np.floor(part.start + middles)[:, None]
        return found

    def footprint(self, grid: Grid) -> NDArray[np.bool_]:
        found: NDArray[np.bool_] = np.any(grid.roi[grid.box[0]], axis=0)
        return found
