"""A fitted value as JSON and arrays: frozen dataclasses of radweave, by their fields, all the way down.

JSON holds names, numbers and where arrays go; arrays are listed apart. What is read names classes of radweave's modelling
library alone, and nothing of it is run but their constructors.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.errors import RadweaveError

PACKAGES = "tasks.modelling", "features.core"
KINDS = "biufU"  # of arrays: truths, whole numbers, floats and texts
_CLASS = re.compile(rf"((?:{'|'.join(map(re.escape, PACKAGES))})(?:\.[a-z][a-z0-9_]*)+):([A-Z_][A-Za-z0-9_]*)")
_PLAIN = (bool, int, str)
AnyArray = NDArray[Any]


class NotKeptError(TypeError):
    """A fitted value holds something that is neither a number, a text, an array nor a dataclass of radweave."""


def structure_of(value: object) -> tuple[Any, list[AnyArray]]:
    """JSON of a fitted value, and the arrays that it names by their place; an array that stands twice is listed once.

    Fields that a constructor does not take are caches, and are left out. Raises NotKeptError that says where it is
    for what cannot be kept.
    """
    arrays: list[AnyArray] = []
    return _Writer(arrays).told(value, type(value).__name__), arrays


def value_of(structure: Any, arrays: Sequence[AnyArray]) -> Any:
    """What `structure_of` was given. Raises RadweaveError for what it does not write, and for classes that are gone or changed."""
    if isinstance(structure, list):
        raise _unreadable("a list without a word")
    if not isinstance(structure, dict):
        return structure
    if structure.keys() == {"class", "fields"}:
        return _instance(structure["class"], structure["fields"], arrays)
    if len(structure) != 1:
        raise _unreadable(f"the keys {', '.join(structure)}")
    ((word, held),) = structure.items()
    if word in ("array", "scalar"):
        if not (isinstance(held, int) and 0 <= held < len(arrays)):
            raise _unreadable(f"an array {held} of {len(arrays)}")
        return arrays[held] if word == "array" else arrays[held][()]
    if word == "float":
        return float(held)
    if word in ("tuple", "list"):
        found = [value_of(one, arrays) for one in held]
        return tuple(found) if word == "tuple" else found
    if word == "mapping":
        return {value_of(key, arrays): value_of(one, arrays) for key, one in held}
    raise _unreadable(f'the word "{word}"')


class _Writer:
    """places: of arrays that were listed. Each stays in the list, so that no other takes its id."""

    def __init__(self, arrays: list[AnyArray]) -> None:
        self.arrays = arrays
        self.places: dict[int, int] = {}

    def told(self, value: object, where: str) -> Any:
        if value is None or type(value) in _PLAIN:
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if isinstance(value, np.ndarray):
            return {"array": self._place(value, where)}
        if isinstance(value, np.generic):
            return {"scalar": self._place(np.asarray(value), where)}
        if isinstance(value, (tuple, list)):
            held = [self.told(one, f"{where}[{i}]") for i, one in enumerate(value)]
            return {"tuple" if isinstance(value, tuple) else "list": held}
        if isinstance(value, Mapping):
            pairs = [(key, one, f"{where}[{key!r}]") for key, one in value.items()]
            return {"mapping": [[self.told(key, at), self.told(one, at)] for key, one, at in pairs]}
        kind = type(value)
        name = f"{kind.__module__}:{kind.__qualname__}"
        if is_dataclass(value) and _CLASS.fullmatch(name):
            own = {f.name: self.told(getattr(value, f.name), f"{where}.{f.name}") for f in fields(value) if f.init}
            return {"class": name, "fields": own}
        raise NotKeptError(
            f"{where}: {kind.__module__}.{kind.__qualname__} cannot be kept; allowed: numbers, texts, arrays of them, tuples, "
            "mappings, and dataclasses of radweave's modelling library that hold nothing else"
        )

    def _place(self, array: AnyArray, where: str) -> int:
        if array.dtype.kind not in KINDS:
            raise NotKeptError(f"{where}: an array of {array.dtype} cannot be kept; allowed: numbers, truths and texts")
        if id(array) not in self.places:
            self.places[id(array)] = len(self.arrays)
            self.arrays.append(array)
        return self.places[id(array)]


def _instance(name: str, held: Mapping[str, Any], arrays: Sequence[AnyArray]) -> Any:
    found = _CLASS.fullmatch(name)
    if found is None:
        raise _unreadable(f'the class "{name}", which is none of {PACKAGES[0]}')
    try:
        kind = vars(importlib.import_module(found[1])).get(found[2])
    except ModuleNotFoundError:
        kind = None
    if not (isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == found[1]):
        raise _other(f"this one has no {found[2]} in {found[1]}")
    wanted = {one.name for one in fields(kind) if one.init}
    if wanted != held.keys():
        raise _other(f"its {found[2]} holds {', '.join(sorted(held))}; here it holds {', '.join(sorted(wanted))}")
    return kind(**{key: value_of(one, arrays) for key, one in held.items()})


def _unreadable(what: str) -> RadweaveError:
    return RadweaveError(f"it is no fitted model: it holds {what}")


def _other(why: str) -> RadweaveError:
    return RadweaveError(
        f"it was written by another version of radweave: {why}; fit it again: radweave study … --final"
    )
