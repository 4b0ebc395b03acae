"""build_unet: the network that draws contours, and its weights as a file that says how they are used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from features.core.errors import WeightsError
from features.core.storage.place import read_bytes, write_bytes
from features.deep.contouring.settings import Contouring
from features.deep.monai_family import monai
from features.deep.needed import check_installed

if TYPE_CHECKING:
    import torch

KIND = "radweave_contouring"  # the key under which a file says how its weights are used


class About(NamedTuple):
    """Of which images a network was trained, and what it draws."""

    modality: str
    unit: str
    image: str
    roi: str


class Loaded(NamedTuple):
    """A network that can draw, its settings, and what it is about."""

    network: torch.nn.Module
    settings: Contouring
    about: About


def build_unet(settings: Contouring) -> torch.nn.Module:
    """A network with weights drawn by the seed: (n, 1, z, y, x) from 0 to 1 gives logits of the same shape. Raises MachineError."""
    check_installed("torch", "monai")
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        strides = (2,) * (len(settings.widths) - 1)
        network: torch.nn.Module = monai("unet").UNet(
            3, 1, 1, settings.widths, strides, num_res_units=2, norm="INSTANCE"
        )
    return network


def save_network(path: Path, network: torch.nn.Module, settings: Contouring, about: About) -> str:
    """Write weights, settings and what they are about as one safetensors file; gives its sha-256."""
    check_installed("safetensors")
    from safetensors.torch import save

    tensors = {name: one.detach().cpu().contiguous() for name, one in network.state_dict().items()}
    data = save(tensors, {KIND: settings.model_dump_json(), **about._asdict()})
    write_bytes(path, data)
    return hashlib.sha256(data).hexdigest()


def load_network(path: Path, sha256: str = "") -> Loaded:
    """The network of a file. Raises WeightsError if it is missing, another one, or none of radweave's."""
    check_installed("torch", "safetensors")
    from safetensors import SafetensorError
    from safetensors.torch import load

    if not path.is_file():
        raise WeightsError(f"there is no network at {path}; train it by radweave contour, or correct the path")
    data = read_bytes(path)
    if sha256 and (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise WeightsError(
            f"the network at {path} has the sha256 {found}, and {sha256} is declared; if it is meant, say so"
        )
    try:
        head = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])[
            "__metadata__"
        ]  # the first bytes tell its length
        settings = Contouring.model_validate_json(head[KIND])
        network = build_unet(settings)
        network.load_state_dict(load(data), strict=True)
        about = About(*(str(head[name]) for name in About._fields))
    except (SafetensorError, RuntimeError, ValueError, ValidationError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path}: is no network of radweave contour, or is damaged ({type(error).__name__})"
        ) from error
    return Loaded(network.eval(), settings, about)
