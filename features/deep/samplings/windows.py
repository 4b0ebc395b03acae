"""windows: one slice in several windows as channels, and slices between it and its neighbours (Lee et al. 2019)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator

from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import Sampling
from features.deep.grid import Grid
from features.deep.looks import listed
from features.deep.plane_sampling import Bounds, PlaneSampling, largest

BARE = (0.0, 1.0)  # the window of what is between 0 and 1 already
Offset = Annotated[float, Field(ge=-8, le=8)]


class Windows(PlaneSampling):
    """The slice where the ROI is largest, each window a channel; the window of the recipe does not count.

    Beyond the end of the stack the outermost slice goes on.
    """

    kind: Literal["windows"] = "windows"

    windows: Bounds = Field(
        min_length=1, max_length=16, description="lowest and highest intensity of each, in the unit of the recipe"
    )
    offsets: Annotated[tuple[Offset, ...], BeforeValidator(listed)] = Field(
        (0.0,),
        min_length=1,
        max_length=17,
        description="slices that are shown, each a view, counted from the one where the ROI is largest; 0.5 is halfway to the next",
    )

    @model_validator(mode="after")
    def check_windows(self) -> Any:
        for low, high in self.windows:
            if not low < high:
                raise ValueError(f"windows: the lower bound {low:g} is not below the upper bound {high:g}")
        if len(set(self.offsets)) < len(self.offsets):
            raise ValueError(f"offsets: {max(self.offsets, key=self.offsets.count):g} stands twice")
        return self

    @property
    def ways(self) -> tuple[str, ...]:
        if self.offsets == (0.0,):
            return ("",)
        return tuple(f"{'m' if one < 0 else 'p'}{abs(one):.6g}".replace(".", "p") for one in self.offsets)

    def bare(self) -> Sampling:
        return super().bare().model_copy(update={"windows": (BARE,) * len(self.windows)})

    def channels(self, images: int) -> int:
        return len(self.windows) * images

    def windows_of(self, preparation: Preparation) -> Bounds:  # noqa: ARG002
        return self.windows

    def places(self, grid: Grid) -> NDArray[np.float64]:
        found: NDArray[np.float64] = largest(grid) + np.array(self.offsets, np.float64)
        return np.clip(found, 0, len(grid.array) - 1)[:, None]

    def beyond_mm(self, spacing_mm: float) -> float:
        return (max(abs(one) for one in self.offsets) + 1) * spacing_mm
