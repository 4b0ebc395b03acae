"""run: a network over many views: by onnxruntime on processors, by torch on a GPU."""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from features.deep.asked import Asked, pooled
from features.deep.augment import Change
from features.deep.needed import check_torch
from features.deep.translated import translated

BATCH = 16


def run(asked: Asked, views: NDArray[np.float32], change: Change | None = None) -> NDArray[np.float32]:
    """(n, k): the features of views, (n, channels, *size) in [0, 1]; change: what is done to them first."""
    parts = (views[start : start + BATCH] for start in range(0, len(views), BATCH))
    return np.concatenate([_run_batch(asked, part, change) for part in parts])


def _run_batch(asked: Asked, views: NDArray[np.float32], change: Change | None) -> NDArray[np.float32]:
    if translates(asked) and on_processors():
        network = translated(asked, asked.digest, views.shape[1:], threads())
        return network.run(views if change is None else _changed(views, change))
    check_torch()
    import torch

    loaded = asked.load()
    with torch.inference_mode():
        pixels = torch.from_numpy(views)
        found: NDArray[np.float32] = pooled(asked, loaded, pixels if change is None else change(pixels)).cpu().numpy()
    return found


def translates(asked: Asked) -> bool:
    """Whether onnxruntime can run a network with its poolings."""
    return asked.architecture.translates and all(one.translates for one in asked.poolings)


@lru_cache(maxsize=1)
def on_processors() -> bool:
    """Whether there is no GPU that the installed torch can use. torch is not loaded where its build is for processors alone."""
    if version("torch").endswith("+cpu"):
        return True
    check_torch()
    import torch

    return not torch.cuda.is_available()


def threads() -> int:
    """Of a network: as many as this process may use cores; children of a pool have one."""
    return int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))


def _changed(views: NDArray[np.float32], change: Change) -> NDArray[np.float32]:
    import torch

    found: NDArray[np.float32] = change(torch.from_numpy(views)).contiguous().numpy()
    return found
