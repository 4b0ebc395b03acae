"""Laws kernels of IBSI-2 (JTXT): levels, edges, spots, waves and ripples, and the texture energy of their responses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from features.core.bounds import SupportVoxels
from features.core.kinds.filter import Source
from features.radiomics.convolution import Convolution, Pooling, pool, responses, turns

KERNELS = {
    "L3": (1, 2, 1),
    "E3": (-1, 0, 1),
    "S3": (-1, 2, -1),
    "L5": (1, 4, 6, 4, 1),
    "E5": (-1, -2, 0, 2, 1),
    "S5": (-1, 0, 2, 0, -1),
    "W5": (-1, 2, 0, -2, 1),
    "R5": (1, -4, 6, -4, 1),
}


class Laws(Convolution):
    """kernels: names of kernels along x, y and z, such as `E5L5S5`, or along x and y for a filter in slices, `L5E5`.

    rotations: how the responses in all right-angle rotations (4 or 24) are pooled; None for the one direction.
    energy: half the box, in voxels, over which the absolute response is averaged; None for the response itself.
    """

    kind: Literal["laws"] = "laws"
    kernels: str = Field(
        description="names of kernels along x, y and z, such as `E5L5S5`; along x and y in slices, `L5E5`"
    )
    rotations: Pooling | None = Field(
        "max", description="how the responses in all right-angle rotations are pooled; null: the one direction"
    )
    energy: SupportVoxels | None = Field(
        7,
        description="half the box, in voxels, over which the absolute response is averaged; null: the response itself",
    )

    @field_validator("kernels")
    @classmethod
    def check_kernels(cls, kernels: str) -> str:
        if not re.fullmatch(f"({'|'.join(KERNELS)}){{2,3}}", kernels):
            raise ValueError(f'"{kernels}" is not two or three of {", ".join(KERNELS)}')
        return kernels

    def names(self) -> list[str]:
        """`laws-E5L5S5-max-energy-7-mirror`."""
        energy = f"energy-{self.energy}" if self.energy else None
        return ["-".join(filter(None, ["laws", self.kernels, self.rotations, energy, self.border]))]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """The response, or its energy, on the box. Each kernel has the norm 1."""
        names = re.findall("..", self.kernels)
        flat, half, spread = len(names) == 2, max(len(KERNELS[name]) for name in names) // 2, self.energy or 0
        kernels = [np.pad(np.array(KERNELS[name], float), half - len(KERNELS[name]) // 2) for name in names]
        far = half + spread
        patch = self.cut(source, (0 if flat else far, far, far))
        directions = turns(len(names)) if self.rotations else turns(len(names))[:1]
        unit = [kernel / np.sqrt(np.sum(kernel**2)) for kernel in kernels]
        response = pool(responses(patch, unit, directions), self.rotations or "max")
        if spread:
            response = (
                replace(response, array=np.abs(response.array))
                .renewed()
                .averaged(spread, (1, 2) if flat else (0, 1, 2))
            )
        yield self.names()[0], response.array
