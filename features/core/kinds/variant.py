"""Variant: which voxels are measured: those of a ROI, or others that it tells of, such as the tissue around it."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, field_validator

from features.core.kinds.registry import Kind, Registry
from features.core.region import Vector
from features.core.roi_expression import RoiExpression

Mask = NDArray[np.bool_]


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _is_empty(value: object) -> bool:
    return value == ()


class Variant(Kind):
    """Turns the mask of a ROI into another mask on the same grid. Frozen settings; equal masks give equal variants.

    `of` is none of the settings that decide voxels: it says which ROIs, and leaves no trace in addresses.
    """

    of: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        (),
        exclude_if=_is_empty,
        description="ROIs that are measured, by their words: `tumour`, or what several make up: `tumour - necrosis`; none: every "
        "ROI of the image but those of single readers",
    )

    @field_validator("of")
    @classmethod
    def check_expressions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """As `RoiExpression.parse` writes them. Raises ValueError for a text that is none."""
        return tuple(str(RoiExpression.parse(text)) for text in value)

    @property
    def rois(self) -> tuple[RoiExpression, ...]:
        """The ROIs that are measured; none: every one."""
        return tuple(RoiExpression.parse(text) for text in self.of)

    @property
    def reach_mm(self) -> float:
        """How far the variant looks beyond the ROI."""
        return 0.0

    @property
    def body_above(self) -> float | None:
        """Intensity above which a voxel belongs to the body; None: what lies outside the body is not looked at."""
        return None

    @abstractmethod
    def select(self, mask: Mask, spacing_mm: Vector, body: Mask | None) -> Mask:
        """The voxels that are measured, possibly none. mask, body: (z, y, x); body only where `body_above` is given."""


VARIANTS: Registry[Variant] = Registry(Variant, "features.images.variants")
