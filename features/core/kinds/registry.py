"""The folder is the registry: a Registry finds the kinds that live in a package, one file each, named for the kind."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from features.core.errors import MachineError, RadweaveError, did_you_mean
from features.core.frozen import Frozen
from features.core.kinds.compared import Compared


class Kind(Frozen):
    """Base of everything that a Registry holds. A subclass declares `kind: Literal["file_name"] = "file_name"`.

    elsewhere: keys that somebody may look for here → where they belong, for messages. compared: with what it was compared, None
    where nothing is said of it.
    """

    elsewhere: ClassVar[Mapping[str, str]] = {}
    compared: ClassVar[Compared | None] = None

    kind: str


class KindError(ValueError):
    """The settings of a kind are wrong; `error` holds each fault with its place below them."""

    def __init__(self, model: type[BaseModel], error: ValidationError) -> None:
        self.model, self.error = model, error
        places = (".".join(str(part) for part in item["loc"]) or "settings" for item in error.errors())
        faults = (f"{place}: {item['msg']}" for place, item in zip(places, error.errors(), strict=True))
        super().__init__("; ".join(faults))


class Short(NamedTuple):
    """Names that stand for a kind with one setting: those of the YAML files in a package, as `key` of the kind."""

    package: str
    kind: str
    key: str


K = TypeVar("K", bound=Kind)


class Registry(Generic[K]):
    """The kinds in one package (or several): found by listing files, imported only when named.

    default: the kind of settings that name none. key: the key of settings that names the kind. short: further names.
    """

    def __init__(
        self,
        base: type[K],
        *packages: str,
        default: str | None = None,
        key: str = "kind",
        short: Short | None = None,
    ) -> None:
        self.base = base
        self.packages = packages
        self.default = default
        self.key = key
        self.short = short

    @cached_property
    def modules(self) -> dict[str, str]:
        """Kind → module, of every file in the packages except the one that defines the base."""
        found: dict[str, str] = {}
        for package in self.packages:
            for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
                name = f"{package}.{module.name}"
                if name != self.base.__module__ and not module.ispkg:
                    found[module.name] = name
        return dict(sorted(found.items()))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of kinds, and those that stand for one with a setting."""
        if self.short is None:
            return tuple(self.modules)
        (folder,) = importlib.import_module(self.short.package).__path__
        return (*self.modules, *sorted(path.stem for path in Path(folder).glob("*.yaml")))

    def load(self, kind: str) -> type[K]:
        """The class of a kind. Raises RadweaveError if there is none, or its extra is not installed."""
        if kind not in self.modules:
            raise RadweaveError(f"{self.base.__name__.lower()}: {self._unknown(kind)}")
        try:
            module = importlib.import_module(self.modules[kind])
        except ModuleNotFoundError as error:
            raise MachineError(f'kind "{kind}" needs the package {error.name}: pip install {error.name}') from error
        classes = [
            value
            for value in vars(module).values()
            if inspect.isclass(value) and issubclass(value, self.base) and value.__module__ == module.__name__
        ]
        if len(classes) != 1:
            raise TypeError(f"{module.__name__} must define exactly one {self.base.__name__}, found {len(classes)}")
        return classes[0]

    def parse(self, value: object) -> K:
        """A kind from its settings: {"kind": "svm", …}, or the bare name of a kind with its defaults.

        Raises ValueError if there is no such kind, KindError if its settings are wrong.
        """
        if isinstance(value, self.base):
            return value
        settings: Mapping[str, Any] = {self.key: value} if isinstance(value, str) else value  # type: ignore[assignment]
        kind = settings.get(self.key, self.default) if isinstance(settings, Mapping) else None
        if self.short is not None and kind in self.names and kind not in self.modules:
            settings = {**settings, self.key: self.short.kind, self.short.key: kind}
            kind = self.short.kind
        if not isinstance(kind, str) or kind not in self.modules:
            raise ValueError(self._unknown(kind))
        found = self.load(kind)
        try:
            return found.model_validate(dict(settings))
        except ValidationError as error:
            raise KindError(found, error) from error

    def _unknown(self, kind: object) -> str:
        hint = did_you_mean(kind, self.names)
        return (
            f'unknown {self.key} "{kind}"; allowed: {", ".join(self.modules)}{self._more}{"; " + hint if hint else ""}'
        )

    @property
    def _more(self) -> str:
        """That there are further names, which are too many for a message."""
        return "" if self.short is None else f", or the {self.short.key} of a {self.short.kind}"
