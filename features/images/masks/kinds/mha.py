"""MetaImage: a label map in a MetaImage file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from features.images.masks.label_map import LabelMap


class Mha(LabelMap):
    """A label map in a MetaImage file beside the image."""

    kind: Literal["mha"] = Field("mha", alias="format", description="a label map in a MetaImage file")
