"""NIfTI: a label map in a NIfTI file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from features.images.masks.label_map import LabelMap


class Nifti(LabelMap):
    """A label map in a NIfTI file beside the image."""

    kind: Literal["nifti"] = Field("nifti", alias="format", description="a label map in a NIfTI file")
