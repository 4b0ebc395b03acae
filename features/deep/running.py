"""run: a network over many views: by onnxruntime on processors, by torch on a GPU."""

from __future__ import annotations

import os
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features.core.progress import say
from features.deep.asked import Asked
from features.deep.augment import Change
from features.deep.device import GpuGoneError, chosen_device, leave_gpu
from features.deep.on_device import halved, on_device
from features.deep.translated import NotTranslatedError, translated


def run(asked: Asked, views: NDArray[np.float32], change: Change | None = None) -> NDArray[np.float32]:
    """(n, k): the features of views, (n, channels, *size) in [0, 1]; change: what is done to them first.

    How many are run at once changes nothing beyond 1e-5 of the largest; a GPU gives what processors do within 1e-4.
    Raises MemoryError if the device has no room for one view, MachineError without packages, weights or the GPU.
    """
    size, digest = views.shape[2:], asked.digest
    if (device := chosen_device()) == "cuda":
        try:
            return on_device(asked, digest, device, size).run(views, change)
        except GpuGoneError:
            if not leave_gpu():
                raise
            on_device.cache_clear()
    if translates(asked) and not _untranslated(asked, digest, size):
        return _by_onnxruntime(asked, digest, views, change)
    return on_device(asked, digest, "cpu", size).run(views, change)


def _by_onnxruntime(
    asked: Asked, digest: str, views: NDArray[np.float32], change: Change | None
) -> NDArray[np.float32]:
    network, found, done = translated(asked, digest, views.shape[2:], threads()), [], 0
    while done < len(views):
        part = views[done : done + network.batch]
        try:
            found.append(network.run(part if change is None else _changed(part, change)))
            done += len(part)
        except MemoryError:
            network.batch = halved(len(part), "cpu", asked)
    return np.concatenate(found)


def translates(asked: Asked) -> bool:
    """Whether onnxruntime can run a network with its poolings."""
    return asked.architecture.translates and all(one.translates for one in asked.poolings)


@lru_cache(maxsize=32)
def _untranslated(asked: Asked, digest: str, size: tuple[int, ...]) -> bool:
    """Whether a network turns out not to be one for onnxruntime, which is said once."""
    try:
        translated(asked, digest, size, threads())
    except NotTranslatedError as error:
        say(f"{asked.architecture.variant} is run by torch, several times slower than by onnxruntime: {error}")
        return True
    return False


def threads() -> int:
    """Of a network: as many as this process may use cores; children of a pool have one."""
    return int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))


def _changed(views: NDArray[np.float32], change: Change) -> NDArray[np.float32]:
    import torch

    found: NDArray[np.float32] = change(torch.from_numpy(views)).contiguous().numpy()
    return found
