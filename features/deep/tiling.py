"""Tiling: where patches lie that cover a ROI, and what becomes of their vectors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from features.core.quarantine import Rejected
from features.deep.looks import Masked, listed
from features.deep.resize import EDGE

MOST_PATCHES = 2**16  # that cover a ROI, of which `most` are shown
Join = Literal["mean", "max"]


class Tiling(Masked):
    """Patches side by side over the ROI. Their vectors are joined: columns do not depend on how many there are."""

    stride: float = Field(
        0.5, ge=0.05, le=1, description="from one patch to the next at most, as a share of the patch's side"
    )
    most: int = Field(
        32, ge=1, le=1024, description="patches of a ROI at most; of more, so many evenly chosen in their order"
    )
    join: Annotated[tuple[Join, ...], BeforeValidator(listed)] = Field(
        ("mean",), min_length=1, max_length=2, description="what becomes of the vectors of the patches, each a view"
    )

    def joined(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack([vectors.mean(axis=0) if one == "mean" else vectors.max(axis=0) for one in self.join])

    def worded(self, *words: str) -> Iterator[str]:
        """Words of views: of each way of joining. A setting has a word where it is not the default."""
        stride = "" if self.stride == 0.5 else f"stride{100 * self.stride:g}pc".replace(".", "p")
        for join in self.join:
            way = "" if self.join == ("mean",) else join
            parts = (self.kind, *words, stride, "masked" if self.masked else "", way)
            yield "_".join(part for part in parts if part)

    def chosen(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """As many of the places as are allowed."""
        if len(places) <= self.most:
            return places
        found: NDArray[np.float64] = places[((np.arange(self.most) + 0.5) * len(places) / self.most).astype(np.intp)]
        return found


def centres_of(
    starts: Sequence[float], extents: Sequence[float], sides: Sequence[float], stride: float
) -> NDArray[np.float64]:
    """Centres (n, axes) of the fewest patches of these sides that cover a box, evenly, at most `stride` of a side apart.

    Along an axis on which one patch is enough, it has the box in its middle. Raises Rejected OOM_RISK for over 65,536.
    """
    numbers = [
        max(math.ceil((extent - side) / (stride * side) - 1e-9), 0) + 1
        for extent, side in zip(extents, sides, strict=True)
    ]
    if (patches := math.prod(numbers)) > MOST_PATCHES:
        raise Rejected("OOM_RISK", f"over {MOST_PATCHES} patches cover the ROI: look at their side", patches=patches)
    axes = []
    for start, extent, side, number in zip(starts, extents, sides, numbers, strict=True):
        first, last = start + side / 2, start + extent - side / 2
        axes.append([start + extent / 2] if number == 1 else np.linspace(first, last, number))
    return np.array(list(product(*axes)), np.float64)


def with_roi(roi: NDArray[np.bool_], centres: NDArray[np.float64], sides: Sequence[float]) -> NDArray[np.float64]:
    """The patches that hold a voxel of the ROI. All are in voxels, of which the first reaches from 0 to 1."""
    found = []
    for centre in centres:
        part = tuple(
            slice(max(math.floor(middle - side / 2 + EDGE), 0), max(math.ceil(middle + side / 2 - EDGE), 0))
            for middle, side in zip(centre, sides, strict=True)
        )
        found.append(bool(roi[part].any()))
    kept: NDArray[np.float64] = centres[np.array(found)]
    return kept
