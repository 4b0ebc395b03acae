"""Laplacian of Gaussian of IBSI-2 (L6PA), by convolution with its sampled kernel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import pi, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.bounds import Cutoff, SigmaMm
from features.core.kinds.filter import Source
from features.core.portable import exp
from features.radiomics.convolution import Array, Convolution, Patch, number


class IbsiLog(Convolution):
    """sigma_mm: standard deviation of the Gaussian; cutoff: half the kernel in standard deviations.

    The kernel counts in voxels, not in mm, along each axis: voxels should be isotropic (resample the image first).
    """

    kind: Literal["ibsi_log"] = "ibsi_log"
    sigma_mm: SigmaMm = Field(description="standard deviation of the Gaussian in mm")
    cutoff: Cutoff = Field(4.0, description="half the kernel, in standard deviations")
    dimensions: Literal["2D", "3D"] = Field("3D", description="`2D`: in slices; `3D`: in space")

    def names(self) -> list[str]:
        """`ibsi-log-1-5-3D-mirror` for 1.5 mm; with a cutoff other than 4 `ibsi-log-1-5-cutoff-3-3D-mirror`."""
        cutoff = "" if self.cutoff == 4 else f"-cutoff-{number(self.cutoff)}"
        return [f"ibsi-log-{number(self.sigma_mm)}{cutoff}-{self.dimensions}-{self.border}"]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """The response on the box."""
        kernels = self.kernels(source)
        reach = [kernels[axis][0].size // 2 if axis in kernels else 0 for axis in range(3)]
        yield self.names()[0], laplacian(self.cut(source, reach), kernels).array

    def kernels(self, source: Source) -> dict[int, tuple[Array, Array]]:
        """Of each axis that is filtered: a Gaussian and its second derivative."""
        axes = (0, 1, 2) if self.dimensions == "3D" else (1, 2)
        return {axis: gaussians(self.sigma_mm / source.spacing_mm[2 - axis], self.cutoff) for axis in axes}


def laplacian(patch: Patch, kernels: Mapping[int, tuple[Array, Array]]) -> Patch:
    """The sum, over the axes, of the response that is curved along one axis and smoothed along the others."""
    smooth, curved = patch, None
    for axis, (gaussian, curvature) in kernels.items():
        bent = smooth.convolved(curvature, axis)
        if curved is not None:
            bent = replace(bent, array=bent.array + curved.convolved(gaussian, axis).array)
        curved, smooth = bent, smooth.convolved(gaussian, axis)
    return curved or patch


def gaussians(sigma: float, cutoff: float) -> tuple[Array, Array]:
    """A Gaussian and its second derivative, sampled at voxels up to `cutoff` standard deviations (in voxels)."""
    half = int(cutoff * sigma + 0.5)
    places = np.arange(-half, half + 1.0)
    gaussian = exp(-(places**2) / (2 * sigma**2)) / (sqrt(2 * pi) * sigma)
    return gaussian, gaussian * (places**2 / sigma**4 - 1 / sigma**2)
