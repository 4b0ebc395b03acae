"""adjacent: the slice where the ROI is largest between the two beside it, as channels (2.5D, Ypsilantis et al. 2015)."""

from __future__ import annotations

from typing import Literal

from features.deep.slice_sampling import SliceSampling


class Adjacent(SliceSampling):
    """One view of three channels."""

    kind: Literal["adjacent"] = "adjacent"

    @property
    def views(self) -> tuple[str, ...]:
        return ("adjacent",)

    def channels(self, images: int) -> int:
        return 3 * images

    def offsets(self) -> tuple[int, ...]:
        return (-1, 0, 1)
