"""What a configuration file is by its keys, so that one given in the place of another is named, not taken to pieces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from features.core.errors import ConfigError, Fault
from features.core.yaml import Document

FileKind = Literal["catalog", "study", "recipe", "weights card"]
_WAY: dict[FileKind, str] = {
    "catalog": "a catalog is named by --catalog",
    "study": "a study is named by itself, as in radweave study FILE and radweave check FILE",
    "recipe": "a recipe is named by --recipe, or by `recipes` in a study",
    "weights card": "a weights card is named by `weights` of an extractor in a recipe, and looked at by radweave backbones FILE",
}


def file_kind(data: Any) -> FileKind | None:
    """What a file holds, None where its keys do not tell.

    >>> file_kind({"modality": "CT", "extractors": ["radweave"]})
    'recipe'
    >>> file_kind({"cohorts": ["lung"], "endpoint": "os"}), file_kind({"version": 1, "cohorts": {"lung": {}}})
    ('study', 'catalog')
    """
    if not isinstance(data, Mapping):
        return None
    asks = {"endpoint", "blocks", "models"} & set(data)
    if isinstance(data.get("cohorts"), Mapping) and not asks:
        return "catalog"
    if {"architecture", "input", "output"} <= set(data):
        return "weights card"
    if {"extractors", "discretise"} & set(data) and "cohorts" not in data:
        return "recipe"
    return "study" if "cohorts" in data and asks else None


def check_file_kind(document: Document, wanted: FileKind) -> None:
    """Raises ConfigError where a file is of another kind."""
    found = file_kind(document.data)
    if found not in (None, wanted):
        raise ConfigError([Fault(str(document.path), f"is a {found}, and no {wanted}", hint=_WAY[found])])
