"""Box: a cuboid in the space of the patient, one for all images, or that of each case in a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from features.core.case import Scan, Segmentation
from features.core.kinds.mask import Mask, Opened
from features.core.quarantine import Rejected, Warned
from features.core.region import Vector, Volume
from features.images.masks.computed import ComputedMask
from features.images.masks.grid import axes_of


class Box(ComputedMask):
    """Voxels whose centres lie in a box, edges included. Its sides run along x, y and z of the patient (LPS, as in DICOM), so
    that one box means the same place on every image of a frame of reference."""

    kind: Literal["box"] = Field("box", alias="format", description="a box in the space of the patient")
    table: str = Field(
        "",
        description="CSV file below the root with a row for each box: `patient`, `timepoint` and `lesion` where there are "
        "several, and `x_min_mm`, `x_max_mm`, … to `z_max_mm`",
    )
    low_mm: tuple[float, float, float] | None = Field(
        None, description="x, y and z of its lower corner, of one box for all"
    )
    high_mm: tuple[float, float, float] | None = Field(None, description="x, y and z of its upper corner")

    @model_validator(mode="after")
    def check_corners(self) -> Self:
        corners = self.low_mm, self.high_mm
        if bool(self.table) == any(corners) or any(corners) != all(corners):
            raise ValueError("give either table, with a box for each case, or low_mm and high_mm, of one box for all")
        if self.low_mm and self.high_mm and not all(np.less(self.low_mm, self.high_mm)):
            raise ValueError(f"low_mm has to lie below high_mm; found {list(self.low_mm)} and {list(self.high_mm)}")
        if self.inside is not None:
            raise ValueError("a box is looked for in no region: take inside out")
        return self

    @property
    def made(self) -> Segmentation:
        return "semiautomatic"

    @classmethod
    def read(cls, scan: Scan, image: Volume, opened: Opened) -> tuple[Mask, Sequence[Warned]]:  # noqa: ARG003
        """The voxels of the box. Raises Rejected(GEOMETRY), if the image is a plane that does not tell where it lies."""
        own = cls.of_scan(scan)
        if image.plane == "bare":
            raise Rejected(
                "GEOMETRY", "an image of one plane does not tell where it lies, so that no box can be placed on it"
            )
        if own.low_mm is None or own.high_mm is None:
            raise AssertionError(f"{scan.key}: a box without corners")
        return in_box(image, own.low_mm, own.high_mm), (own.told(),)


def in_box(image: Volume, low_mm: Vector, high_mm: Vector) -> Mask:
    """The voxels whose centres lie in a box, to a thousandth of a millimetre."""
    places = np.meshgrid(*(np.arange(length) for length in image.array.shape), indexing="ij", sparse=True)
    axes = axes_of(image)
    inside = np.ones((), np.bool_)
    for axis in range(3):
        at = image.origin_mm[axis] + sum(axes[axis, k] * places[2 - k] for k in range(3))
        inside = inside & (at >= low_mm[axis] - 1e-3) & (at <= high_mm[axis] + 1e-3)
    return np.asarray(np.broadcast_to(inside, image.array.shape)).copy()
