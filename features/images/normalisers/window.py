"""window: a window of intensities, as radiologists set it on CT."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat, model_validator

from features.core.kinds.normaliser import Change, Normaliser
from features.core.region import Region


class Window(Normaliser):
    """Intensities are cut off at both ends of a window: `centre` and `width`, or `lower` and `upper`.

    It knows nothing of the image: arbitrary units stay arbitrary.
    """

    calibrates: ClassVar[bool] = False
    kind: Literal["window"] = "window"
    centre: float | None = Field(None, description="middle of the window, such as -600 HU for the lung")
    width: PositiveFloat | None = Field(None, description="width of the window, such as 1500 HU")
    lower: float | None = Field(None, description="lower end, instead of centre and width")
    upper: float | None = Field(None, description="upper end, instead of centre and width")
    scale: PositiveFloat | None = Field(None, description="what the width becomes, from 0; null keeps the unit")

    @model_validator(mode="after")
    def check_ends(self) -> Window:
        given = [name for name in ("centre", "width", "lower", "upper") if getattr(self, name) is not None]
        if given not in (["centre", "width"], ["lower", "upper"]):
            raise ValueError(f"a window is centre and width, or lower and upper; found {', '.join(given) or 'none'}")
        if self.ends[0] >= self.ends[1]:
            raise ValueError(f"the lower end {self.ends[0]:g} is not below the upper end {self.ends[1]:g}")
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """Lower and upper end."""
        if self.centre is not None and self.width is not None:
            return self.centre - self.width / 2, self.centre + self.width / 2
        assert self.lower is not None
        assert self.upper is not None
        return self.lower, self.upper

    @property
    def keeps_unit(self) -> bool:
        return self.scale is None

    def fit(self, region: Region) -> Change:  # noqa: ARG002 (the window is the same for every image)
        low, high = self.ends
        if self.scale is None:
            return lambda array: np.clip(array, low, high)
        scale = self.scale / (high - low)
        return lambda array: (np.clip(array, low, high) - low) * scale
