"""Checkpoints: checked against their sha-256, loaded without running code. Never replaced by random weights."""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.core.errors import MachineError, WeightsError
from features.deep.card import Card, Keys, Weights
from features.deep.file_digests import kept_digest, read_digest
from features.deep.finding import find_checkpoint, parts_of, ways_to_get
from features.deep.needed import check_installed

if TYPE_CHECKING:
    import torch

MOST_NAMED = 3  # tensors that a sentence names


def weights_digest(card: Card) -> str:
    """The sha-256 of a card's weights: that which was published, else that of the file that is here. Raises WeightsError."""
    if card.weights.sha256:
        return card.weights.sha256
    return kept_digest(parts_of(find_checkpoint(card), card.weights))


def load_weights(card: Card, network: torch.nn.Module) -> None:
    """Put the weights of a card into its network.

    Raises WeightsError if the file is missing, its sha-256 is another one, it would run code, or does not fit the network.
    """
    path = find_checkpoint(card)
    wanted = network.state_dict()
    state = card.architecture.named(network, read_weights(path, card.weights))
    lacking, further = sorted(wanted.keys() - state.keys()), sorted(state.keys() - wanted.keys())
    other = sorted(name for name in wanted.keys() & state.keys() if wanted[name].shape != state[name].shape)
    parts = [f"lacks {_named(lacking)}"] if lacking else []
    parts += [f"holds {_named(further)}, which the network has not"] if further else []
    parts += [
        f"{name} is {tuple(state[name].shape)}, the network's {tuple(wanted[name].shape)}"
        for name in other[:MOST_NAMED]
    ]
    if parts:
        raise WeightsError(
            f"the checkpoint {path.name} is not of {card.architecture.variant}: it {'; '.join(parts)}. {card.weights.remedy}"
        )
    network.load_state_dict(state, strict=True)


def _named(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED])}{more}"


def read_weights(path: Path, weights: Weights) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint (safetensors, or `torch.load` with weights_only), by the names of the network.

    Raises WeightsError if the file is absent, its sha-256 is another one, or it holds other things than tensors.
    """
    check_digest(path, weights)
    parts = parts_of(path, weights)
    state: Any
    try:
        if path.suffix == ".safetensors":
            check_installed("safetensors")
            from safetensors.torch import load, load_file

            state = load_file(path) if len(parts) == 1 else load(_joined(parts))
        else:
            import torch

            source = path if len(parts) == 1 else BytesIO(_joined(parts))
            with torch.serialization.safe_globals([argparse.Namespace]):  # settings of a training, which some hold too
                state = torch.load(source, map_location="cpu", weights_only=True)
    except (MachineError, MemoryError):
        raise
    except Exception as error:  # whatever a file of another kind makes a reader say
        if isinstance(error, pickle.UnpicklingError) and _is_of_torch(path):
            raise WeightsError(
                f"the checkpoint {path.name} holds more than tensors, and to read it could run code: it is refused; "
                "save its state_dict alone, or as safetensors"
            ) from error
        what = "safetensors file" if path.suffix == ".safetensors" else "checkpoint of torch, or is cut short"
        raise WeightsError(
            f"{path.name} is no {what} ({type(error).__name__}); get it again. {weights.remedy}"
        ) from error
    for key in filter(None, weights.keys.inside.split(".")):
        if not isinstance(state, Mapping) or key not in state:
            raise WeightsError(f'the checkpoint {path.name} has no "{weights.keys.inside}"; {weights.remedy}')
        state = state[key]
    found = _of_network(state, weights.keys) if _is_named(state) else {}
    if not found or not all(hasattr(value, "shape") for value in found.values()):
        others = _named(sorted(name for name, value in found.items() if not hasattr(value, "shape")))
        inside = f' in "{weights.keys.inside}"' if weights.keys.inside else ""
        raise WeightsError(
            f"the checkpoint {path.name} holds{inside} {others or 'nothing'} where tensors by their names are needed; "
            f"say with keys where they are and which are dropped. {weights.remedy}"
        )
    return found


def _joined(parts: tuple[Path, ...]) -> bytes:
    return b"".join(part.read_bytes() for part in parts)


def _is_of_torch(path: Path) -> bool:
    """Whether a file begins as those that torch saves do: as a zip, or as a pickle."""
    with path.open("rb") as file:
        return file.read(2) in (b"PK", b"\x80\x02")


def _is_named(state: object) -> bool:
    return isinstance(state, Mapping) and all(isinstance(name, str) for name in state)


def check_digest(path: Path, weights: Weights, digest: Callable[[Sequence[Path]], str] = read_digest) -> None:
    """Raises WeightsError if a checkpoint is absent or its sha-256 is not what was published of it."""
    if not path.is_file():
        raise WeightsError(f"the checkpoint {path.name} is missing; install it again: {weights.remedy}")
    expected = weights.sha256 or weights.sha256_begins
    if expected and not (found := digest(parts_of(path, weights))).startswith(expected):
        begins = "" if weights.sha256 else " at its beginning"
        raise WeightsError(
            f"the checkpoint {path} has the sha-256 {found}, expected {expected}{begins}; "
            f"it is damaged or another one: remove it. {ways_to_get(weights)}"
        )


def _of_network(state: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    found = {}
    for name, value in state.items():
        if not name.startswith(keys.strip):
            continue
        short = name.removeprefix(keys.strip)
        if any(fnmatchcase(short, one) for one in keys.drop):
            continue
        for old, new in keys.rename:
            if short.startswith(old):
                short = new + short.removeprefix(old)
                break
        found[short] = value
    return found
