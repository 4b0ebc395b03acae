"""Of: the ROIs of another image of the same case serve this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from features.core.case import Scan
from features.core.kinds.mask import Mask, MaskSource, Opened, RoiWord
from features.core.quarantine import Warned
from features.core.region import Volume


class Of(MaskSource):
    """ROIs that were drawn on another image of the case, in its frame of reference or registered to it."""

    kind: Literal["of"] = Field("of", alias="format", description="the ROIs of another image of the case")
    files: ClassVar[Literal["dicom", "path", "none"]] = "none"
    image: str = Field(description="word of the image that has the masks")
    rois: tuple[RoiWord, ...] = Field((), description="words of the ROIs that are taken over; none: all")

    @property
    def roi_name(self) -> str:
        """None: its ROIs are those of the other image."""
        return ""

    @classmethod
    def read(cls, scan: Scan, image: Volume, opened: Opened) -> tuple[Mask, Sequence[Warned]]:  # noqa: ARG003
        """Never: the scan's mask has the format of the image that it was drawn on, and `opened` carries it here."""
        raise AssertionError(f"{scan.mask.format}: a mask of another image is read on that one")
