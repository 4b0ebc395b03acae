"""NRRD: a label map in a NRRD file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from features.images.masks.label_map import LabelMap


class Nrrd(LabelMap):
    """A label map in a NRRD file beside the image."""

    kind: Literal["nrrd"] = Field("nrrd", alias="format", description="a label map in a NRRD file")
