"""Checkpoints: found, checked against their sha-256, loaded without running code. Never replaced by random weights."""

from __future__ import annotations

from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from features.core.digest import digest_file
from features.core.errors import WeightsError
from features.deep.card import Card, Weights

if TYPE_CHECKING:
    import torch


def find_checkpoint(card: Card) -> Path:
    """Where the checkpoint of a card is. Raises WeightsError, with the remedy, if it is nowhere."""
    package = card.weights.package
    spec = find_spec(package.module) if package else None
    folders = spec.submodule_search_locations if spec else None
    if package and folders:
        return Path(folders[0]) / package.path
    remedy = package.install if package else card.weights.get
    raise WeightsError(f"the weights of {card.title} are not here: {remedy}")


def load_weights(card: Card, network: torch.nn.Module) -> None:
    """Put the weights of a card into its network.

    Raises WeightsError if the file is missing, its sha-256 is another one, or it does not fit the network.
    """
    network.load_state_dict(read_weights(find_checkpoint(card), card.weights), strict=True)


def read_weights(path: Path, weights: Weights) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint (`torch.load` with weights_only), by the names of the network.

    Raises WeightsError if the file is absent or its sha-256 is another one.
    """
    remedy = weights.package.install if weights.package else weights.get
    if not path.is_file():
        raise WeightsError(f"the checkpoint {path.name} is missing; install it again: {remedy}")
    found = digest_file(path)
    if weights.sha256 and found != weights.sha256:
        raise WeightsError(
            f"the checkpoint {path.name} has the sha-256 {found}, expected {weights.sha256}; install it again: {remedy}"
        )
    import torch

    state: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    keys = weights.keys
    kept = {name.removeprefix(keys.strip): value for name, value in state.items()}
    return {name: value for name, value in kept.items() if not any(fnmatchcase(name, one) for one in keys.drop)}
