"""run: a network over many views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.deep.augment import Change
from features.deep.loading import Loaded
from features.deep.taps import forward

if TYPE_CHECKING:
    import torch

BATCH = 16


def run(
    loaded: Loaded, views: NDArray[np.float32], taps: Sequence[str], change: Change | None = None
) -> Iterator[dict[str, torch.Tensor]]:
    """The maps of each tap, batch by batch, in order. views: (n, channels, *size) in [0, 1]; change: what is done to them first."""
    import torch

    shape = (1, -1, *(1,) * (views.ndim - 2))
    mean, std = (torch.tensor(values, dtype=torch.float32).reshape(shape) for values in (loaded.mean, loaded.std))
    for start in range(0, len(views), BATCH):
        pixels = torch.from_numpy(views[start : start + BATCH])
        channels = loaded.architecture.channels
        pixels = pixels.expand(-1, channels, *pixels.shape[2:]) if pixels.shape[1] == 1 else pixels
        pixels = pixels if change is None else change(pixels)
        with torch.inference_mode():
            yield forward(loaded.architecture, loaded.network, (pixels - mean) / std, taps)
