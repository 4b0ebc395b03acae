"""Where the weights of a card are: in a folder of weights, in a package, in the caches of the hub and of torch. Nothing is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from features.core.errors import WeightsError
from features.deep.card import Card, Package, Weights

FOLDERS = "RADWEAVE_WEIGHTS"


def weight_folders() -> tuple[Path, ...]:
    """Where files that users place are looked for: the folders that RADWEAVE_WEIGHTS names, then one of the user's own."""
    given = [Path(one).expanduser() for one in os.environ.get(FOLDERS, "").split(os.pathsep) if one]
    return (*given, _cache() / "radweave" / "weights")


def find_checkpoint(card: Card) -> Path:
    """The file of a card's weights, or its first part. Raises WeightsError, with all ways to get it, if it is nowhere."""
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
    raise WeightsError(
        f"the weights of {card.title} are not here; looked for {'; '.join(places)}. {ways_to_get(weights)}"
    )


def ways_to_get(weights: Weights) -> str:
    """What to do where the file is not here: as its card says, and by placing it."""
    return " ".join(
        part for part in (f"To get them: {weights.remedy}." * bool(weights.remedy), placing(weights)) if part
    )


def placing(weights: Weights) -> str:
    """Where a file that a user has must lie, under which name, and what is known of its sha-256."""
    if not weights.file:
        return "" if weights.package else "To place the file by hand, say its name in the card: weights: file."
    if weights.sha256:
        digest = f"its sha-256 is {weights.sha256}"
    elif weights.sha256_begins:
        digest = f"its sha-256 begins {weights.sha256_begins}"
    else:
        digest = "no sha-256 of it was published"
    return (
        f"A file that you have goes to {weight_folders()[0] / weights.file} ({FOLDERS} names other folders); {digest}."
    )


def locate(weights: Weights) -> Path | None:
    """Where a checkpoint is, of several parts the first; None if it is nowhere."""
    return next((path for _, path in _found(weights)), None)


def found_in(weights: Weights) -> str:
    """In what a checkpoint was found, without the folders of this machine's user; "" if it is nowhere."""
    return next((place for place, _ in _found(weights)), "")


def parts_of(path: Path, weights: Weights) -> tuple[Path, ...]:
    """The file of a checkpoint that was found, and the further parts that a package holds of it, in their order."""
    parts = _in_package(weights.package) if weights.package else ()
    return parts if path in parts[:1] else (path,)


def kept_by_torch(address: str) -> Path:
    """Where torch.hub keeps what it downloads from an address."""
    home = Path(os.environ.get("TORCH_HOME") or _cache() / "torch")
    return home / "hub" / "checkpoints" / address.partition("?")[0].rpartition("/")[2]


def _found(weights: Weights) -> Iterator[tuple[str, Path]]:
    """Where it is, place by place."""
    for folder in weight_folders() if weights.file else ():
        if (folder / weights.file).is_file():
            yield "folder of weights", folder / weights.file
    if weights.package and (parts := _in_package(weights.package)):
        yield f"package {weights.package.module.replace('_', '-')}", parts[0]
    if weights.hub and find_spec("huggingface_hub"):
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(weights.hub.repository, weights.hub.file)
        if isinstance(found, str):
            yield "cache of the hub", Path(found)
    if weights.address and (kept := kept_by_torch(weights.address)).is_file():
        yield "cache of torch", kept


def _in_package(package: Package) -> tuple[Path, ...]:
    """All parts; none where one lacks."""
    folders = [_folder_of(module) for module in (package.module, *package.further)]
    paths = [folder / package.path for folder in folders if folder is not None]
    return tuple(paths) if len(paths) == len(folders) and all(path.is_file() for path in paths) else ()


def _folder_of(module: str) -> Path | None:
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:  # of a module within a package that is not there
        return None
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
