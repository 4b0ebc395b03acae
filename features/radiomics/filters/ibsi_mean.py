"""Mean filter of IBSI-2 (S60F): the mean of a box of voxels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from features.core.bounds import SupportVoxels
from features.core.kinds.filter import Source
from features.radiomics.convolution import Convolution


class IbsiMean(Convolution):
    """The mean of `support` voxels (odd) along each axis: a square in the slice (`2D`) or a cube (`3D`)."""

    kind: Literal["ibsi_mean"] = "ibsi_mean"
    support: SupportVoxels = Field(5, description="voxels along each axis, an odd number")
    dimensions: Literal["2D", "3D"] = Field("3D", description="`2D`: in slices; `3D`: in space")

    @field_validator("support")
    @classmethod
    def check_support(cls, support: int) -> int:
        if support % 2 == 0:
            raise ValueError(f"{support} voxels have no middle: take an odd number")
        return support

    def names(self) -> list[str]:
        """`ibsi-mean-5-3D-mirror`."""
        return [f"ibsi-mean-{self.support}-{self.dimensions}-{self.border}"]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """The means on the box."""
        half, axes = self.support // 2, (0, 1, 2) if self.dimensions == "3D" else (1, 2)
        patch = self.cut(source, [half if axis in axes else 0 for axis in range(3)])
        yield self.names()[0], patch.averaged(half, axes).array
