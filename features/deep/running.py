"""run: a network over many views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.deep.augment import Change
from features.deep.loaded import Loaded
from features.deep.taps import forward
from features.deep.translated import translated

if TYPE_CHECKING:
    import torch

BATCH = 16


def run(
    loaded: Loaded, views: NDArray[np.float32], taps: Sequence[str], change: Change | None = None
) -> Iterator[dict[str, torch.Tensor]]:
    """The maps of each tap, batch by batch, in order. views: (n, channels, *size) in [0, 1]; change: what is done to them first."""
    import torch

    threads = torch.get_num_threads()
    for start in range(0, len(views), BATCH):
        batch = views[start : start + BATCH]
        with torch.inference_mode():
            pixels = torch.from_numpy(batch)
            pixels = pixels if change is None else change(pixels)
            if loaded.architecture.translates:
                yield translated(loaded, tuple(taps), batch.shape[1:], threads).run(pixels.numpy())
            else:
                yield forward(loaded.architecture, loaded.network, loaded.prepared(pixels), taps)
