"""Checkpoints: found, checked against their sha-256, loaded without running code. Never replaced by random weights."""

from __future__ import annotations

import argparse
import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.core.errors import MachineError, WeightsError
from features.deep.card import Card, Keys, Weights
from features.deep.file_digests import kept_digest, read_digest
from features.deep.needed import check_installed

if TYPE_CHECKING:
    import torch

FOLDERS = "RADWEAVE_WEIGHTS"
MOST_NAMED = 3  # tensors that a sentence names


def weight_folders() -> tuple[Path, ...]:
    """Where files that users place are looked for: the folders that RADWEAVE_WEIGHTS names, then one of the user's own."""
    given = [Path(one).expanduser() for one in os.environ.get(FOLDERS, "").split(os.pathsep) if one]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (*given, cache / "radweave" / "weights")


def find_checkpoint(card: Card) -> Path:
    """Where the checkpoint of a card is: in a folder of weights, in its package, in the hub's own cache.

    Raises WeightsError, with the remedy, if it is nowhere.
    """
    found = locate(card.weights)
    if found is not None:
        return found
    weights, places = card.weights, []
    if weights.file:
        places.append(f"{weights.file} in {', '.join(map(str, weight_folders()))}")
    if weights.package:
        places.append(f"the package {weights.package.module.replace('_', '-')}")
    if weights.hub:
        places.append(f"the cache of the hub for {weights.hub.repository}")
    if weights.address:
        places.append(f"{kept_by_torch(weights.address).name} in torch's own cache")
    raise WeightsError(f"the weights of {card.title} are not here; looked for {'; '.join(places)}. {weights.remedy}")


def locate(weights: Weights) -> Path | None:
    """Where a checkpoint is; None if it is nowhere. Nothing is read."""
    for folder in weight_folders() if weights.file else ():
        if (folder / weights.file).is_file():
            return folder / weights.file
    if weights.package:
        own = weights.package
        parts = [_folder_of(module) for module in (own.module, *own.further)]
        paths = [folder / own.path for folder in parts if folder is not None]
        if len(paths) == len(parts) and all(path.is_file() for path in paths):
            return paths[0]
    if weights.hub and find_spec("huggingface_hub"):
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(weights.hub.repository, weights.hub.file)
        if isinstance(found, str):
            return Path(found)
    if weights.address and (kept := kept_by_torch(weights.address)).is_file():
        return kept
    return None


def kept_by_torch(address: str) -> Path:
    """Where torch.hub keeps what it downloads from an address."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (
        Path(os.environ.get("TORCH_HOME") or cache / "torch")
        / "hub"
        / "checkpoints"
        / address.partition("?")[0].rpartition("/")[2]
    )


def parts_of(path: Path, weights: Weights) -> tuple[Path, ...]:
    """The file of a checkpoint that was found, and the further parts that a package holds of it, in their order."""
    package = weights.package
    if package is None or not package.further or not path.as_posix().endswith(f"{package.module}/{package.path}"):
        return (path,)
    folders = [one for module in package.further if (one := _folder_of(module)) is not None]
    return (path, *(folder / package.path for folder in folders))


def _folder_of(module: str) -> Path | None:
    spec = find_spec(module)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


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
    state: Any
    try:
        if path.suffix == ".safetensors":
            check_installed("safetensors")
            from safetensors.torch import load_file

            state = load_file(path)
        else:
            import torch

            parts = parts_of(path, weights)
            source = path if len(parts) == 1 else BytesIO(b"".join(part.read_bytes() for part in parts))
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
            f"it is damaged or another one: remove it. {weights.remedy}"
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
