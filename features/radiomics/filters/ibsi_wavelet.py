"""Separable wavelets of IBSI-2 (25BO), stationary: no voxel is left out, kernels are spread out from level to level."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.bounds import Level
from features.core.kinds.filter import Source
from features.radiomics.convolution import Array, Convolution, Patch, Pooling, pool, responses, turns


class IbsiWavelet(Convolution):
    """One band of a decomposition: low-pass (L) or high-pass (H) along x, y and z, or along x and y in slices.

    wavelet: `haar`, `db2`, `db3` (Daubechies) or `coif1` (Coiflet). level: on a level above the first, the band is taken of
    the low-pass response of the level before. rotations: how the responses in all right-angle rotations (4 or 24) are
    pooled; None for the one direction.
    """

    kind: Literal["ibsi_wavelet"] = "ibsi_wavelet"
    wavelet: Literal["haar", "db2", "db3", "coif1"] = Field(
        "db3", description="which wavelet: Haar, Daubechies or Coiflet"
    )
    band: str = Field(
        "LLH",
        pattern="^[LH]{2,3}$",
        description="low-pass (L) or high-pass (H) along x, y and z, or along x and y in slices",
    )
    level: Level = Field(1, description="level of the decomposition, from 1")
    rotations: Pooling | None = Field(
        "average", description="how the responses in all right-angle rotations are pooled; null: the one direction"
    )

    def names(self) -> list[str]:
        """`ibsi-wavelet-db3-LLH-level-1-average-mirror`."""
        parts = ["ibsi-wavelet", self.wavelet, self.band, f"level-{self.level}", self.rotations, self.border]
        return ["-".join(filter(None, parts))]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """The response on the box."""
        patch = self.cut(source, self.reach)
        yield self.names()[0], pool(self._directed(patch), self.rotations or "average").array

    @property
    def reach(self) -> tuple[int, int, int]:
        """How many voxels beyond the box count (z, y, x)."""
        far = sum(taps(self.wavelet, "L", level).size // 2 for level in range(1, self.level + 1))
        return 0 if len(self.band) == 2 else far, far, far

    def _directed(self, patch: Patch) -> Iterator[tuple[float, Patch]]:
        size = len(self.band)
        directions = sorted(turns(size) if self.rotations else turns(size)[:1], key=lambda turn: turn.flips)
        band = [taps(self.wavelet, letter, self.level) for letter in self.band]
        for flips, group in groupby(directions, key=lambda turn: turn.flips):  # with one approximation
            low = patch
            for level in range(1, self.level):
                kernel = taps(self.wavelet, "L", level)
                for axis in range(size):
                    low = low.convolved(kernel[::-1] if flips[axis] else kernel, 2 - axis)
                low = low.renewed()
            yield from responses(low, band, group)


def taps(wavelet: str, letter: str, level: int) -> Array:
    """The low-pass (L) or high-pass (H) kernel of a level, about its middle: 2^(level - 1) - 1 zeros between its numbers."""
    from pywt import Wavelet

    bank = Wavelet(wavelet)
    numbers = np.array(bank.dec_lo if letter == "L" else bank.dec_hi)
    step = 2 ** (level - 1)
    kernel = np.zeros(numbers.size * step + 1)  # of an even size: one zero more behind the last number
    kernel[:-1:step] = numbers
    return kernel
