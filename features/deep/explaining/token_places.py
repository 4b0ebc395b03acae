"""as_maps: the output of a layer as maps over places, whatever the network is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from features.core.errors import RadweaveError

if TYPE_CHECKING:
    import torch


def as_maps(output: torch.Tensor, size: Sequence[int], before: int) -> torch.Tensor:
    """(n, c, *places) of maps, or of tokens (n, tokens, c) of a transformer that was shown views of a size.

    before: how many tokens stand before those of places. Raises RadweaveError for a layer without places.
    """
    if output.ndim == len(size) + 2:
        return output
    if output.ndim != 3:
        raise RadweaveError("the layer that the model reads has no places: take integrated_gradients or occlusion")
    tokens = output[:, before:]
    patch = (math.prod(size) / tokens.shape[1]) ** (1 / len(size))
    grid = tuple(max(1, round(side / patch)) for side in size)
    if math.prod(grid) != tokens.shape[1]:
        raise RadweaveError(
            f"{tokens.shape[1]} tokens are no grid over {' × '.join(map(str, size))}: take integrated_gradients or occlusion"
        )
    return tokens.transpose(1, 2).unflatten(2, grid)
