"""Checkpoints: found, checked against their sha-256, loaded without running code. Never replaced by random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from features.core.digest import digest_file
from features.core.errors import WeightsError


def load_checkpoint(path: Path, sha256: str, source: str) -> dict[str, Any]:
    """The tensors of a checkpoint (`torch.load` with weights_only).

    Raises WeightsError if the file is absent or its sha-256 is another one.
    """
    if not path.is_file():
        raise WeightsError(f"the checkpoint {path.name} is missing; install it again: {source}")
    found = digest_file(path)
    if found != sha256:
        raise WeightsError(
            f"the checkpoint {path.name} has the sha-256 {found}, expected {sha256}; install again: {source}"
        )
    import torch

    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state
