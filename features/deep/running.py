"""run: a network over many views: by onnxruntime on processors, by torch on a GPU."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.sampling import Pixels, to_unit
from features.core.progress import say
from features.deep.asked import Asked
from features.deep.augment import Change
from features.deep.device import Device, GpuGoneError, chosen_device, leave_gpu
from features.deep.on_device import on_device
from features.deep.translated import NotTranslatedError, translated

_making = RLock()  # a network is made by one thread, though two may ask for it


def run(asked: Asked, views: Pixels | Sequence[Pixels], change: Change | None = None) -> NDArray[np.float32]:
    """(n, k): the features of views, (n, channels, *size) in [0, 1] or as they are kept, or of several such arrays, one after
    the other; change: what is done to them first.

    How many are run at once changes nothing beyond 1e-5 of the largest; a GPU gives what processors do within 1e-4.
    Raises MemoryError if the device has no room for one view, MachineError without packages, weights or the GPU.
    """
    parts = [views] if isinstance(views, np.ndarray) else views
    size, digest = parts[0].shape[2:], asked.digest
    if (device := chosen_device()) == "cuda":
        try:
            return _by_torch(asked, digest, device, parts, change)
        except GpuGoneError:
            with _making:
                if chosen_device() == "cuda" and not leave_gpu():  # another thread may have left it
                    raise
                on_device.cache_clear()
    if translates(asked) and not _untranslated(asked, digest, size):
        return _by_onnxruntime(asked, digest, parts, change)
    return _by_torch(asked, digest, "cpu", parts, change)


def _by_torch(
    asked: Asked, digest: str, device: Device, parts: Sequence[Pixels], change: Change | None
) -> NDArray[np.float32]:
    with _making:
        network = on_device(asked, digest, device, parts[0].shape[2:])
    return network.run(np.concatenate([to_unit(one) for one in parts]), change)


def _by_onnxruntime(asked: Asked, digest: str, parts: Sequence[Pixels], change: Change | None) -> NDArray[np.float32]:
    with _making:
        network = translated(asked, digest, parts[0].shape[2:], threads())
    while True:
        try:
            return network.run(parts, change)
        except MemoryError:
            network.take_fewer()


def translates(asked: Asked) -> bool:
    """Whether onnxruntime can run a network with its poolings."""
    return asked.architecture.translates and all(one.translates for one in asked.poolings)


def _untranslated(asked: Asked, digest: str, size: tuple[int, ...]) -> bool:
    """Whether a network turns out not to be one for onnxruntime, which is said once."""
    with _making:
        return _tried(asked, digest, size)


@lru_cache(maxsize=32)
def _tried(asked: Asked, digest: str, size: tuple[int, ...]) -> bool:
    try:
        translated(asked, digest, size, threads())
    except NotTranslatedError as error:
        say(f"{asked.architecture.variant} is run by torch, several times slower than by onnxruntime: {error}")
        return True
    return False


def threads() -> int:
    """Of a network: as many as this process may use cores; children of a pool have one."""
    return int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))
