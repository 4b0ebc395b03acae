"""descriptors: what a layer says at each place of a fixed grid, in few numbers: for what encodes them, such as a Fisher vector."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt

from features.deep.descriptor_names import descriptor_ending
from features.deep.pooling import Pooling

if TYPE_CHECKING:
    import torch


class Descriptors(Pooling):
    """Maps are averaged over the cells of a grid, and the channels of each cell projected to few dimensions.

    The projection is orthonormal, drawn by the seed alone and the same for every image, and stretched so that lengths stay as they
    are on average: no data decide it. A grid finer than the maps repeats them. The step `fisher_vector` takes the columns.
    """

    translates: ClassVar[bool] = False
    kind: Literal["descriptors"] = "descriptors"

    grid: int = Field(4, ge=1, le=16, description="cells along each axis")
    dimensions: int = Field(16, ge=1, le=512, description="numbers at each place, at most the channels of the layer")
    seed: NonNegativeInt = Field(0, description="of the projection")

    def names(self, channels: int, dimensions: Literal[2, 3]) -> tuple[str, ...]:
        width = min(channels, self.dimensions)
        return tuple(descriptor_ending(p, d) for p in range(self.grid**dimensions) for d in range(width))

    def pool(self, maps: torch.Tensor, *, before: int = 0, dimensions: int = 2) -> torch.Tensor:
        """Places in the order of rows, or slices, rows and columns. Raises ValueError for what has no places."""
        import torch
        from torch.nn.functional import adaptive_avg_pool2d, adaptive_avg_pool3d

        maps = _maps(maps[:, before:], dimensions) if maps.ndim == 3 else maps
        if maps.ndim < 4:
            raise ValueError("the pooling descriptors needs a layer with maps; this one has no places")
        cells = (adaptive_avg_pool2d if maps.ndim == 4 else adaptive_avg_pool3d)(maps, self.grid).flatten(2)
        projection = torch.from_numpy(_projection(maps.shape[1], self.dimensions, self.seed)).to(cells)
        return (cells.transpose(1, 2) @ projection).flatten(1)


def _maps(tokens: torch.Tensor, dimensions: int) -> torch.Tensor:
    """(n, tokens, c) of a square or a cube of places → (n, c, side, side) or with one more. Raises ValueError if they are none."""
    side = round(tokens.shape[1] ** (1 / dimensions))
    if side**dimensions != tokens.shape[1]:
        form = "square" if dimensions == 2 else "cube"
        raise ValueError(
            f"the pooling descriptors needs tokens of a {form} of places; this layer has {tokens.shape[1]}"
        )
    return tokens.transpose(1, 2).unflatten(2, (side,) * dimensions)


@lru_cache(maxsize=16)
def _projection(channels: int, dimensions: int, seed: int) -> NDArray[np.float32]:
    """Orthogonal columns (channels, d) of one length."""
    width = min(channels, dimensions)
    drawn = np.random.default_rng([seed, channels]).normal(size=(channels, width))
    q, r = np.linalg.qr(drawn)
    found: NDArray[np.float32] = (q * np.sign(np.diag(r)) * math.sqrt(channels / width)).astype(np.float32)
    return found
