"""train_unet: a contouring network fitted to pictures and masks, epoch by epoch, and taken up again where it was ended."""

from __future__ import annotations

import copy
import io
import math
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.core.errors import DataError, MachineError
from features.core.progress import say, tell
from features.core.storage.place import write_bytes
from features.deep.contouring.picture import SHOWN, Pixels
from features.deep.contouring.settings import Contouring
from features.deep.contouring.unet import build_unet
from features.deep.device import chosen_device, is_full, repeatable, told_if_gone

if TYPE_CHECKING:
    import torch

Case = Callable[[], tuple[Pixels, NDArray[np.bool_]]]  # opens what is shown of a case, and its mask
Floats = NDArray[np.float32]
# What torch raises for a file that is cut, altered or of other parts.
_DAMAGED = (OSError, EOFError, LookupError, TypeError, ValueError, AttributeError, RuntimeError, pickle.UnpicklingError)


def train_unet(
    cases: Sequence[Case], settings: Contouring, *, kept: Path | None, decided_by: str, what: str
) -> torch.nn.Module:
    """The network after its epochs. Each case is opened once an epoch, so that one is in memory at a time.

    kept: file of the state after the last epoch, from which a run that was killed goes on; it counts only if it was `decided_by`
    the same. what: for progress. All random numbers follow from the seed, the epoch and the place of the case. Raises DataError if
    there is no case, or the loss is no number; MachineError if memory is full, or the GPU is gone.
    """
    import torch

    if not cases:
        raise DataError("a contouring network needs cases with a mask to learn from; there are none")
    device = torch.device(chosen_device())
    with repeatable():
        network = build_unet(settings).to(device).train()
        steps = max(1, math.ceil(len(cases) * settings.patches / settings.batch)) * settings.epochs
        optimiser = torch.optim.AdamW(network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay)
        course = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        begun = _load(kept, decided_by, network, optimiser, course)
        if begun:
            say(f"{what}: goes on after epoch {begun}")
        for epoch in range(begun, settings.epochs):
            try:
                with told_if_gone():
                    loss = _one_epoch(network, optimiser, course, cases, settings, epoch, device)
            except RuntimeError as error:
                if not is_full(error):
                    raise
                raise MachineError(f"{what}: the memory for training is full; lower batch, size or width") from error
            if not math.isfinite(loss):
                raise DataError(
                    f"{what}: the loss is no number after epoch {epoch + 1}; lower learning_rate, or look at the intensities"
                )
            tell(f"{what}, loss {loss:.3f}", epoch + 1, settings.epochs)
            if kept is not None:
                _save(kept, decided_by, epoch + 1, network, optimiser, course)
    return network.eval()


def _one_epoch(
    network: torch.nn.Module,
    optimiser: Any,
    course: Any,
    cases: Sequence[Case],
    settings: Contouring,
    epoch: int,
    device: torch.device,
) -> float:
    import torch

    rng = np.random.default_rng((settings.seed, epoch))
    waiting: list[tuple[Floats, Floats]] = []
    losses: list[float] = []

    def step() -> None:
        shown = torch.from_numpy(np.stack([one for one, _ in waiting])[:, None]).to(device)
        wanted = torch.from_numpy(np.stack([one for _, one in waiting])[:, None]).to(device)
        waiting.clear()
        optimiser.zero_grad()
        loss = dice_and_entropy(network(shown), wanted)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 12.0)
        optimiser.step()
        course.step()
        losses.append(float(loss.detach()))

    for number in rng.permutation(len(cases)):
        pixels, mask = cases[number]()
        for k in range(settings.patches):
            waiting.append(draw_patch(pixels, mask, settings.size, rng, on_roi=k % 2 == 0))
            if len(waiting) == settings.batch:
                step()
    if waiting:
        step()
    return float(np.mean(losses))


def dice_and_entropy(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """1 − Dice over all voxels of the batch, plus the mean cross-entropy: patches without a voxel of the ROI count, too."""
    import torch

    drawn = torch.sigmoid(logits)
    overlap = (2 * (drawn * wanted).sum() + 1e-5) / (drawn.sum() + wanted.sum() + 1e-5)
    return 1 - overlap + torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted)


def draw_patch(
    pixels: Pixels, mask: NDArray[np.bool_], size: int, rng: np.random.Generator, *, on_roi: bool
) -> tuple[Floats, Floats]:
    """A cube of an image, and of its mask, turned over at random along each axis, brighter or darker by up to a tenth.

    on_roi: it holds a voxel of the ROI. What reaches beyond the image is 0, outside of the ROI.
    """
    middle: Any = [rng.integers(0, length) for length in mask.shape]
    if on_roi and mask.any():
        voxels = np.flatnonzero(mask)
        at = np.unravel_index(int(voxels[rng.integers(len(voxels))]), mask.shape)
        middle = [int(one) + int(rng.integers(-size // 4, size // 4 + 1)) for one in at]
    parts = []
    for array in (pixels, mask):
        cube = np.zeros((size,) * 3, np.float32)
        here, there = [], []
        for centre, length in zip(middle, mask.shape, strict=True):
            start = int(np.clip(centre - size // 2, min(0, length - size), max(0, length - size)))
            low, high = max(0, start), min(length, start + size)
            here.append(slice(low, high))
            there.append(slice(low - start, high - start))
        cube[tuple(there)] = array[tuple(here)]
        parts.append(cube)
    axes = [axis for axis in range(3) if rng.random() < 0.5]
    bright = np.float32(rng.uniform(0.9, 1.1) / SHOWN)
    shown, wanted = (np.flip(one, tuple(axes)) for one in parts)
    return np.ascontiguousarray(shown * bright), np.ascontiguousarray(wanted)


def _save(path: Path, decided_by: str, epoch: int, network: Any, optimiser: Any, course: Any) -> None:
    import torch

    state = {"decided_by": decided_by, "epoch": epoch, "network": network.state_dict()}
    state |= {"optimiser": optimiser.state_dict(), "course": course.state_dict()}
    written = io.BytesIO()
    torch.save(state, written)
    write_bytes(path, written.getvalue())


def _load(path: Path | None, decided_by: str, network: Any, optimiser: Any, course: Any) -> int:
    """How many epochs were done; 0 if nothing is kept, or what is kept is of another run or damaged."""
    import torch

    if path is None or not path.is_file():
        return 0
    parts = {"network": network, "optimiser": optimiser, "course": course}
    begun = {name: copy.deepcopy(part.state_dict()) for name, part in parts.items()}
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["decided_by"] != decided_by:
            return 0
        for name, part in parts.items():
            part.load_state_dict(state[name])
        return int(state["epoch"])
    except _DAMAGED:
        say(f"{path.name}: what was kept of the training is damaged; it begins again")
        for name, part in parts.items():  # some of it may have been taken
            part.load_state_dict(begun[name])
        return 0
