"""Riesz transform of IBSI-2 (AYRS) of the response to Simoncelli's wavelet or to a Laplacian of Gaussian."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from features.core.bounds import Level, LevelFromZero, SigmaMm
from features.core.kinds.filter import Source
from features.radiomics.convolution import Boundary, Convolution, number
from features.radiomics.filters.ibsi_log import IbsiLog, laplacian
from features.radiomics.spectrum import inside, multiply, riesz, simoncelli, whole


class Riesz(Convolution):
    """order: of the derivative along x, y and z, such as (0, 2, 0); along x and y for a filter in slices.

    base: the filter before it, `simoncelli` of a level or `log` of a sigma_mm, cut at 4 standard deviations. The transform
    is along the axes of the image; IBSI has no reference for one that is aligned to structures.
    """

    kind: Literal["riesz"] = "riesz"
    sees_all: ClassVar[bool] = True
    order: tuple[LevelFromZero, ...] = Field(
        min_length=2,
        max_length=3,
        description="order of the derivative along x, y and z, such as `[0, 2, 0]`; along x and y in slices",
    )
    base: Literal["simoncelli", "log"] = Field("simoncelli", description="the filter before it")
    level: Level | None = Field(None, description="level of `simoncelli`")
    sigma_mm: SigmaMm | None = Field(None, description="standard deviation of `log`, in mm")
    boundary: Boundary = Field("periodic", description="what continues the image beyond its border")

    @model_validator(mode="after")
    def check_settings_agree(self) -> Self:
        if not sum(self.order):
            raise ValueError("order: at least one number must be above zero")
        if (self.base == "log") == (self.sigma_mm is None):
            raise ValueError("sigma_mm: the base log needs it, the base simoncelli has none")
        if (self.base == "simoncelli") == (self.level is None):
            raise ValueError("level: the base simoncelli needs it, the base log has none")
        return self

    def names(self) -> list[str]:
        """`riesz-0-2-0-simoncelli-level-1-mirror`, `riesz-1-0-0-log-3-mirror`."""
        base = f"level-{self.level}" if self.sigma_mm is None else number(self.sigma_mm)
        return ["-".join(["riesz", *map(str, self.order), self.base, base, self.border])]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """The response on the box. It is made of the whole image (two numbers: the box's slices), some 24 bytes per voxel.

        Beyond a border that is not periodic, as many voxels count as for Simoncelli's wavelet, or 16 more than the LoG's.
        """
        flat = len(self.order) == 2
        axes = (1, 2) if flat else (0, 1, 2)
        if self.sigma_mm is None:
            level = self.level or 1
            patch = whole(self, source, 8 << level, flat=flat)
            factors = [simoncelli(level), riesz(self.order)]
        else:
            kernels = IbsiLog(sigma_mm=self.sigma_mm, dimensions="2D" if flat else "3D").kernels(source)
            z, y, x = (kernels[axis][0].size // 2 if axis in kernels else 0 for axis in range(3))
            patch = laplacian(whole(self, source, max(y, x) + 16, flat=flat, before=(z, y, x)), kernels)
            factors = [riesz(self.order)]
        found = multiply(patch.array, factors, axes)
        yield self.names()[0], np.ascontiguousarray(found[inside(patch, source.box)])
