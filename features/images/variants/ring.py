"""ring: the tissue round the ROI between two distances."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from features.core.bounds import MarginMm
from features.core.kinds.variant import Mask, Variant
from features.core.region import Vector
from features.images.distance import distance_mm, within


class Ring(Variant):
    """Voxels further than `inner_mm` and at most `outer_mm` from the ROI's nearest voxel, inside the body if asked for."""

    kind: Literal["ring"] = "ring"
    inner_mm: MarginMm = Field(description="distance from the ROI at which the ring begins, in mm")
    outer_mm: MarginMm = Field(description="distance from the ROI at which the ring ends, in mm")
    body_hu: float | None = Field(None, description="HU above which a voxel is of the body, such as -300; CT only")

    @model_validator(mode="after")
    def check_order(self) -> Ring:
        if not self.inner_mm < self.outer_mm:
            raise ValueError(f"inner_mm {self.inner_mm} is not below outer_mm {self.outer_mm}")
        return self

    @property
    def reach_mm(self) -> float:
        return self.outer_mm

    @property
    def body_above(self) -> float | None:
        return self.body_hu

    def select(self, mask: Mask, spacing_mm: Vector, body: Mask | None) -> Mask:
        distance = distance_mm(mask, spacing_mm)
        return within(body, (distance > self.inner_mm) & (distance <= self.outer_mm))
