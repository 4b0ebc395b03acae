"""largest: the axial slice where the ROI is largest."""

from __future__ import annotations

from typing import Literal

from features.deep.slice_sampling import SliceSampling


class Largest(SliceSampling):
    """One view of one channel."""

    kind: Literal["largest"] = "largest"

    @property
    def views(self) -> tuple[str, ...]:
        return ("largest",)

    def channels(self, images: int) -> int:
        return images

    def offsets(self) -> tuple[int, ...]:
        return (0,)
