"""Device: where networks run. A GPU where torch finds one, unless RADWEAVE_DEVICE says otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from features.core.errors import MachineError, RadweaveError, did_you_mean
from features.core.memory import GIB
from features.core.progress import say
from features.deep.needed import check_torch, torch_build

Device = Literal["cpu", "cuda"]
SETTING = "RADWEAVE_DEVICE"
LIMIT = "RADWEAVE_GPU_GIB"
CPU, CUDA, EITHER = "cpu", "cuda", "cuda,cpu"
MARKS = (
    "CUDA error",
    "CUDA driver",
    "No CUDA GPUs",
    "cuDNN error",
    "CUDNN_STATUS",
    "CUBLAS_STATUS",
    "device lost",
    "Found no NVIDIA",
)


FULL = ("out of memory", "ALLOC_FAILED", "DefaultCPUAllocator")  # say torch and CUDA of full memory


class GpuGoneError(MachineError):
    """A GPU that was used and does not answer any more."""


def chosen_device() -> Device:
    """The device of networks.

    Raises RadweaveError for a setting that is none, MachineError if a GPU is demanded and torch finds none.
    """
    if (setting := _setting()) == CPU:
        return "cpu"
    if setting == CUDA and not has_gpu():
        raise MachineError(
            f"{SETTING}=cuda demands a GPU and torch {torch_build()} finds none: look at nvidia-smi, install a build of torch "
            f"for CUDA, or unset {SETTING} to compute on processors"
        )
    return "cuda" if has_gpu() else "cpu"


def has_gpu() -> bool:
    """Whether the installed torch finds a GPU. torch is not loaded where its build is for processors alone."""
    if torch_build().endswith("+cpu"):
        return False
    check_torch()
    import torch

    found: bool = torch.cuda.is_available()
    return found


def leave_gpu() -> bool:
    """Whether the user allowed processors in the place of a GPU that vanishes; if so, this process uses it no more."""
    if _setting() != EITHER:
        return False
    os.environ[SETTING] = CPU  # nothing can be done with its context any more
    say(f"the GPU does not answer any more: networks run on processors from here on, as {SETTING}=cuda,cpu allows")
    return True


def is_gpu_demanded() -> bool:
    """Whether processors are not to take the place of a GPU that is not there."""
    return _setting() == CUDA


def check_settings() -> None:
    """Raises RadweaveError for settings of the device that are none: a refresh asks before it computes anything."""
    _setting()
    _most_gib()


def _setting() -> str:
    found = os.environ.get(SETTING, "").strip().lower().replace(" ", "")
    if found not in ("", CPU, CUDA, EITHER):
        hint = did_you_mean(CUDA if found == "gpu" else found, [CPU, CUDA, EITHER])  # "cpu" is nearer as letters go
        raise RadweaveError(f'{SETTING}: found "{found}"; allowed: cpu, cuda, "cuda,cpu"{"; " + hint if hint else ""}')
    return found


def _most_gib() -> float | None:
    """Memory of the GPU for this process; None: all of it."""
    text = os.environ.get(LIMIT, "").strip()
    if not text:
        return None
    try:
        most = float(text)
    except ValueError:
        most = 0.0
    if not 0 < most < float("inf"):
        raise RadweaveError(f'{LIMIT}: found "{text}"; allowed: a number above 0, of GiB')
    return most


def is_full(error: RuntimeError) -> bool:
    """Whether an error of torch says that memory is full, of a GPU or of processors."""
    return type(error).__name__ == "OutOfMemoryError" or any(mark in str(error) for mark in FULL)


@contextmanager
def told_if_gone() -> Iterator[None]:
    """A GPU that vanishes inside is a GpuGoneError: the fault of no case, so none is rejected for it."""
    try:
        yield
    except RuntimeError as error:
        if is_full(error) or not any(mark in str(error) for mark in MARKS):
            raise
        why = str(error).splitlines()[0][:120]
        raise GpuGoneError(
            f"the GPU does not answer any more ({why}). What was finished is kept: look at nvidia-smi and run the command "
            f"again; {SETTING}=cpu runs networks on processors, {SETTING}=cuda,cpu does so only where the GPU fails"
        ) from error


def limit_gpu_memory() -> None:
    """This process takes of the GPU no more than RADWEAVE_GPU_GIB, if that is set. Raises RadweaveError if it is no number."""
    if (most := _most_gib()) is None:
        return
    import torch

    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, most * GIB / total))


@contextmanager
def repeatable() -> Iterator[None]:
    """Inside, a device gives for the same bytes the same numbers, in float32 without TF32."""
    import torch

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # is read as CUDA starts
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32
    strict = torch.are_deterministic_algorithms_enabled()
    cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32 = True, False, False, False
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(strict)
        cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32, matmul.allow_tf32 = before
