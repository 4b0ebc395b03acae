"""adjacent: the slice where the ROI is largest between those beside it, as channels (2.5D, Ypsilantis et al. 2015)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from features.core.bounds import MarginMm
from features.deep.grid import Grid
from features.deep.looks import is_default
from features.deep.plane_sampling import PlaneSampling, largest


class Adjacent(PlaneSampling):
    """From the lowest slice to the highest. At the end of the stack the outermost slice is repeated."""

    kind: Literal["adjacent"] = "adjacent"

    slices: int = Field(3, ge=3, le=63, description="how many slices are channels; an odd number")
    step: int = Field(1, ge=1, le=64, description="from one to the next, in slices")
    step_mm: MarginMm | None = Field(
        None,
        exclude_if=is_default,
        description="the same in mm, instead; what lies between two slices is mixed of both",
    )

    @model_validator(mode="after")
    def check_slices(self) -> Any:
        if self.slices % 2 == 0:
            raise ValueError(f"slices: an odd number has one in the middle; {self.slices} is even")
        if self.step_mm is not None and self.step != 1:
            raise ValueError("give either step or step_mm")
        return self

    @property
    def ways(self) -> tuple[str, ...]:
        said = "" if self.slices == 3 else f"of{self.slices}"
        step = f"step{self.step}" if self.step != 1 else ""
        step = f"step{self.step_mm:g}mm".replace(".", "p") if self.step_mm is not None else step
        return ("_".join(word for word in (said, step) if word),)

    def channels(self, images: int) -> int:
        return self.slices * images

    def places(self, grid: Grid) -> NDArray[np.float64]:
        step = self.step if self.step_mm is None else self.step_mm / grid.spacing_mm[2]
        found: NDArray[np.float64] = largest(grid) + step * np.arange(self.slices, dtype=np.float64)
        return np.clip(found - step * (self.slices // 2), 0, len(grid.array) - 1)[None]

    def beyond_mm(self, spacing_mm: float) -> float:
        step = self.step * spacing_mm if self.step_mm is None else self.step_mm
        return step * (self.slices // 2) + spacing_mm
