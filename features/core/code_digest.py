"""Sources: the files of this project that decide a result, found by their imports: changed code gives another address."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from features.core.digest import digest_bytes, digest_json

ROOT = Path(__file__).parents[2]  # holds the packages, in a checkout as in an installed wheel
PACKAGES = ("features", "tasks")
DATA = (".css", ".csv", ".html", ".json", ".txt", ".yaml")
_IMPORT = re.compile(r"^[ \t]*(?:from ([\w.]+) import (\([^)]*\)|[^\n#]+)|import ([\w.]+))", re.MULTILINE)
_FOR_TYPES = re.compile(
    r"^([ \t]*)if TYPE_CHECKING:[^\n]*\n(?:\1[ \t]+[^\n]*\n|[ \t]*\n)+", re.MULTILINE
)  # which never runs
_NAME = re.compile(r"(\w+)(?:\s+as\s+\w+)?")


@dataclass(frozen=True)
class Sources:
    """digest: of names and bytes of all files. modules: those of the project. libraries: top names of what else is imported."""

    digest: str
    modules: frozenset[str]
    libraries: frozenset[str]


def sources_of(modules: Iterable[str], root: Path = ROOT) -> Sources:
    """The modules, all of the project that they import, directly or not, and the data files that lie beside them.

    An import counts wherever it stands in a file, but for `if TYPE_CHECKING:`, which never runs: one too many costs a result that
    is computed again, one too few would give an old result for a new one. Kinds of a Registry are imported by name at run
    time: name them too.
    Raises ModuleNotFoundError for a module that is not of the project.
    """
    return _sources(frozenset(modules), root)


def modules_in(package: str, root: Path = ROOT) -> set[str]:
    """The modules that lie in a package, by the files of its folder: nothing is imported."""
    names = (path.stem for path in (root / package.replace(".", os.sep)).glob("*.py"))
    return {f"{package}.{name}" for name in names if name != "__init__"}


@cache
def _sources(modules: frozenset[str], root: Path) -> Sources:
    there = _modules(root)
    absent = sorted(modules - there.keys())
    if absent:
        raise ModuleNotFoundError(f"{absent[0]} is no module of {', '.join(PACKAGES)} in {root}")
    digests: dict[str, str] = {}
    libraries: set[str] = set()
    found, waiting = set(modules), list(modules)
    while waiting:
        module = waiting.pop()
        data = there[module].read_bytes()
        digests[module] = digest_bytes(data)
        for name in _imports(data.decode()):
            own = next((one for one in _with_parents(name) if one in there), None)
            if own is None:
                libraries.add(name.split(".")[0])
            elif own not in found:
                found.add(own)
                waiting.append(own)
    for folder in {there[module].parent for module in found}:
        for entry in os.scandir(folder):
            if entry.name.endswith(DATA):
                path = Path(entry.path)
                digests[path.relative_to(root).as_posix()] = digest_bytes(path.read_bytes())
    return Sources(digest_json(digests), frozenset(found), frozenset(libraries))


def _modules(root: Path) -> dict[str, Path]:
    """Name → file of every module of the packages; a package's is its __init__.py."""
    found: dict[str, Path] = {}
    for package in PACKAGES:
        for folder, _, names in os.walk(root / package):
            parts = Path(folder).relative_to(root).parts
            for name in names:
                if name.endswith(".py"):
                    own = () if name == "__init__.py" else (name.removesuffix(".py"),)
                    found[".".join((*parts, *own))] = Path(folder, name)
    return found


def _imports(text: str) -> Iterator[str]:
    """Dotted names that a file imports: `from a.b import c` may mean the module a.b.c, or c of a.b."""
    for source, names, plain in _IMPORT.findall(_FOR_TYPES.sub("", text)):
        if plain:
            yield plain
        else:
            yield from (f"{source}.{name}" for name in _NAME.findall(names))


def _with_parents(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]
