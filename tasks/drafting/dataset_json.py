"""read_dataset_json: what the `dataset.json` of nnU-Net or the Medical Segmentation Decathlon says of images and labels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME = "dataset.json"
MOST_BYTES = 50_000_000


@dataclass(frozen=True)
class Told:
    """labels: number of a label map → its word. channels: number at the end of an image's name (`0000`) → what it shows."""

    labels: dict[int, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)


def read_dataset_json(folder: Path) -> Told:
    """What the file in a folder tells; nothing if there is none, or it is of another form."""
    path = folder / NAME
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return Told()
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return Told()
    if not isinstance(found, dict):
        return Told()
    channels = _mapping(found, "channel_names") or _mapping(found, "modality")
    return Told(_labels(_mapping(found, "labels")), {f"{n:04d}": name for n, name in _numbered(channels).items()})


def _mapping(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = values.get(key)
    return found if isinstance(found, dict) else {}


def _labels(values: Mapping[str, Any]) -> dict[int, str]:
    """Labels as version 1 (number → name) or version 2 (name → number) write them, without the background."""
    found = _numbered(values) or _numbered({str(number): name for name, number in values.items()})
    return {number: name for number, name in found.items() if number > 0}


def _numbered(values: Mapping[str, Any]) -> dict[int, str]:
    pairs = {key: name for key, name in values.items() if str(key).isdigit() and isinstance(name, str)}
    return {int(key): name[:60] for key, name in pairs.items()} if len(pairs) == len(values) else {}
