"""torchvision beside a build of torch that its compiled operators do not fit: importable, for networks need none of them."""

from __future__ import annotations

from threading import Lock
from typing import Any

from features.deep.needed import check_installed

SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
MISSING = ("nms", "qnms")  # torchvision describes these to torch while it is imported
_kept: list[Any] = []  # a library that is collected takes its operators along
_lock = Lock()


def import_torchvision() -> None:
    """After this `import torchvision` and `import timm` work. Raises MachineError if torchvision is not installed.

    The wheels of torchvision are built for CUDA, and without their operators it cannot be imported beside a torch for CPUs
    (`operator torchvision::nms does not exist`). Then, and only then, the two that it asks for get their names; what calls
    them is told by torch that there is nothing behind.
    """
    check_installed("torch", "torchvision", "PIL")
    import torch

    with _lock:
        try:
            import torchvision
        except RuntimeError as error:
            if _kept or "operator torchvision::nms does not exist" not in str(error):
                raise
            _kept.append(torch.library.Library("torchvision", "DEF"))
            for name in MISSING:
                _kept[0].define(f"{name}{SCHEMA}")
            import torchvision  # noqa: F401
