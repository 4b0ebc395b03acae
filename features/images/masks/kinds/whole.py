"""Whole: there is no mask; every voxel of the image is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from features.core.case import WHOLE_IMAGE, Scan, Segmentation
from features.core.kinds.mask import Mask, MaskSource, Opened
from features.core.quarantine import Warned
from features.core.region import Volume


class Whole(MaskSource):
    """The ROI `whole`: every voxel of the image that is no padding."""

    kind: Literal["whole"] = Field("whole", alias="format", description="no mask: every voxel of the image is its ROI")
    files: ClassVar[Literal["dicom", "path", "none"]] = "none"

    @property
    def roi_name(self) -> str:
        return WHOLE_IMAGE

    @property
    def made(self) -> Segmentation:
        return "none"

    @classmethod
    def read(cls, scan: Scan, image: Volume, opened: Opened) -> tuple[Mask, Sequence[Warned]]:  # noqa: ARG003
        """True everywhere."""
        return np.ones(image.array.shape, np.bool_), ()
