"""registries: every registry of the three packages, found by reading their files."""

import importlib
import re
from functools import cache
from pathlib import Path

from features.core.kinds.registry import Kind, Registry

ROOT = Path(__file__).parents[2]
PACKAGES = ("features", "tasks", "flows")
_DECLARED = re.compile(r"^([A-Z_]+): Registry\[", re.MULTILINE)


@cache
def declared() -> dict[str, tuple[str, str]]:
    """Name of a registry in small letters → the module that declares it, and the name of the variable there."""
    found: dict[str, tuple[str, str]] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for name in _DECLARED.findall(path.read_text("utf-8")):
                found[name.lower()] = (".".join(path.relative_to(ROOT).with_suffix("").parts), name)
    return found


def registries() -> dict[str, Registry[Kind]]:
    """Every registry by its name in small letters. Files are read to find them; the modules that declare them are imported."""
    return {name: registry_of(name) for name in declared()}


def registry_of(name: str) -> Registry[Kind]:
    """The registry of a name that `declared` gives; the module that declares it is imported."""
    module, variable = declared()[name]
    found: Registry[Kind] = getattr(importlib.import_module(module), variable)
    return found
