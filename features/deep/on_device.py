"""OnDevice: a network as torch runs it, on a GPU or on processors, with as many views at once as fit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from features.core.errors import MachineError
from features.core.progress import say
from features.core.wording import counted
from features.deep.asked import Asked, forget, pooled
from features.deep.augment import Change
from features.deep.device import LIMIT, SETTING, Device, is_full, limit_gpu_memory, repeatable, told_if_gone
from features.deep.needed import check_torch

if TYPE_CHECKING:
    import torch

MOST = {"cpu": 16, "cuda": 512}  # views at once
PIXELS = {"cpu": 2**21, "cuda": 2**25}  # of these, and of large 3D patches fewer views


def most_views(device: Device, size: Sequence[int]) -> int:
    """How many views of a size are tried at once: a bound of memory, for layers take a multiple of the pixels."""
    return max(1, min(MOST[device], PIXELS[device] // prod(size)))


def halved(batch: int, device: Device, asked: Asked) -> int:
    """How many views are tried where a batch did not fit, which is said. Raises MemoryError if it was one."""
    if batch == 1:
        raise MemoryError(device)
    where = "the GPU" if device == "cuda" else "processors"
    network = asked.architecture.variant
    say(f"the memory of {where} is full: {network} gets {counted(batch // 2, 'view')} at once from here on")
    return batch // 2


class OnDevice:
    """What is asked of a network, on one device, for views of one shape.

    Where memory is full, half as many views are tried from there on, down to one, and it is said.
    """

    def __init__(self, asked: Asked, device: Device, size: Sequence[int]) -> None:
        """Raises what `Asked.load` does, MachineError if the weights do not fit, GpuGoneError, RadweaveError if the limit of
        memory is no number.
        """
        check_torch()
        import torch

        self._asked, self._device, self._loaded = asked, device, asked.load()
        self._batch, self._busy = most_views(device, size), Lock()
        self._layout = {4: torch.channels_last, 5: torch.channels_last_3d}.get(len(size) + 2, torch.contiguous_format)
        with told_if_gone():
            if device == "cuda":
                forget()  # it moves: who loads it again gets one for processors
                on_device.cache_clear()  # one network at a time is on a GPU, so that the one before leaves it room
                limit_gpu_memory()
                try:
                    self._loaded.network.to(device, memory_format=self._layout)
                except RuntimeError as error:
                    if not is_full(error):
                        raise
                    raise MachineError(
                        f"the memory of the GPU has no room for the weights of {asked.architecture.variant}: see with "
                        f"nvidia-smi who holds it, raise {LIMIT} if it is set, or compute on processors with {SETTING}=cpu"
                    ) from error

    def run(self, views: NDArray[np.float32], change: Change | None = None) -> NDArray[np.float32]:
        """(n, k): the features of views. Raises MemoryError if one view does not fit, GpuGoneError if the GPU vanishes.

        Of several threads one has the device.
        """
        import torch

        found: list[torch.Tensor] = []
        done = 0
        with self._busy, told_if_gone(), torch.inference_mode(), repeatable():
            while done < len(views):
                tried = views[done : done + self._batch]
                if (part := self._try(tried, change)) is None:
                    torch.cuda.empty_cache()
                    self._batch = halved(len(tried), self._device, self._asked)
                else:
                    found.append(part)
                    done += len(part)
            return torch.cat(found).float().cpu().numpy()  # type: ignore[no-any-return]

    def _try(self, views: NDArray[np.float32], change: Change | None) -> torch.Tensor | None:
        """The features, still on the device, which may be at work yet; None if they do not fit."""
        import torch

        try:
            pixels = torch.from_numpy(np.ascontiguousarray(views))
            if self._device == "cuda":  # copied while the views before are worked at
                pixels = pixels.pin_memory().to(self._device, non_blocking=True)
            return pooled(self._asked, self._loaded, pixels if change is None else change(pixels))
        except RuntimeError as error:
            if not is_full(error):
                raise
            return None  # what it holds is free once the error is left


@lru_cache(maxsize=2)
def on_device(asked: Asked, digest: str, device: Device, size: tuple[int, ...]) -> OnDevice:  # noqa: ARG001 (other weights)
    """A network on a device; made once. digest: of what is asked."""
    return OnDevice(asked, device, size)
