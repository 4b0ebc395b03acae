"""YAML with an address: every fault names its file and line, what was found, what is allowed, and the nearest word."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from features.core.errors import ConfigError, Fault, did_you_mean
from features.core.room import KindError

M = TypeVar("M", bound=BaseModel)
MOST_BYTES, DEEPEST, MOST_VALUES, LARGEST = 4 * 2**20, 100, 100_000, 2**63 - 1
Loc = tuple[str | int, ...]
_NO_TEXT = re.compile("[\0\ud800-\udfff]")  # NUL, and halves of characters that no file can hold
_PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")}


@dataclass
class Document:
    """A YAML file as data, with the line of each place in it."""

    path: Path
    data: Any
    lines: dict[Loc, int] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Document:
        """Read with the safe loader (no tags run code).

        Raises ConfigError if absent, malformed, with double keys, or larger than a configuration is: 4 MiB, 100 levels of
        nesting, 100,000 values with those that aliases repeat.
        """
        try:
            if path.is_file() and path.stat().st_size > MOST_BYTES:
                raise ConfigError([Fault(str(path), "is too large for a configuration", allowed="4 MiB at most")])
            node = yaml.compose(path.read_text("utf-8"), Loader=_Loader)
        except FileNotFoundError as error:
            raise ConfigError([Fault(str(path), "there is no such file")]) from error
        except (OSError, UnicodeDecodeError) as error:
            what = getattr(error, "strerror", None) or "it is not UTF-8"
            raise ConfigError([Fault(str(path), f"cannot be read: {what}")]) from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f"{path}:{mark.line + 1}" if mark else str(path)
            raise ConfigError([Fault(where, "is not YAML", getattr(error, "problem", None) or str(error))]) from error
        except (ValueError, OverflowError) as error:  # of an escape such as "\\U00110000", that is no character
            raise ConfigError([Fault(str(path), "is not YAML", str(error))]) from error
        document = cls(path, None)
        faults: list[Fault] = []
        document.data = _construct(document, node, (), (), faults) if node else {}
        if len(document.lines) > MOST_VALUES:
            faults = [
                Fault(str(path), f"holds over {MOST_VALUES} values, of which aliases repeat some", hint="write less")
            ]
        if faults:
            raise ConfigError(faults)
        return document

    def where(self, loc: Sequence[str | int]) -> str:
        """`file:line` of a place, or of the nearest place that holds it."""
        place = tuple(loc)
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.path}:{self.lines.get(place, 1)}"

    def parse(self, model: type[M]) -> M:
        """The data as a model. Raises ConfigError with all faults at once."""
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            raise ConfigError(list(self._faults(model, error, ()))) from error

    def _faults(self, model: type[BaseModel], error: ValidationError, above: Loc) -> Iterator[Fault]:
        for item in error.errors():
            inner = item.get("ctx", {}).get("error")
            if isinstance(inner, KindError):  # settings of a kind: each fault at its own line
                yield from self._faults(inner.model, inner.error, (*above, *item["loc"]))
            elif not _is_echo(item):
                yield self._fault(model, item, above)

    def _fault(self, model: type[BaseModel], error: Any, above: Loc) -> Fault:
        loc = self._real_loc((*above, *error["loc"]))
        dotted = ".".join(str(part) for part in loc) or "the document"
        kind, found = error["type"], error["input"]
        if kind == "extra_forbidden":
            names = _fields_at(model, loc[len(self._real_loc(above)) : -1])
            return Fault(self.where(loc), f'unknown key "{dotted}"', "", ", ".join(names), did_you_mean(loc[-1], names))
        if kind == "missing":
            return Fault(self.where(loc), f'the key "{dotted}" is missing')
        expected = error.get("ctx", {}).get("expected", "") or error.get("ctx", {}).get("expected_tags", "")
        words = [word.strip(" '") for word in str(expected).replace(" or ", ", ").split(",")] if expected else []
        shown = "" if isinstance(found, dict | list | BaseModel) else repr(found)
        what = error["msg"].removeprefix("Value error, ")
        word = error.get("ctx", {}).get("tag", found)
        return Fault(self.where(loc), f"{dotted}: {what}", shown, ", ".join(words), did_you_mean(word, words))

    def _real_loc(self, loc: Loc) -> Loc:
        """pydantic puts tags and type names of unions into its places; keep what the file really holds."""
        real: list[str | int] = []
        here: Any = self.data
        for i, part in enumerate(loc):
            if part in here if isinstance(here, dict) else isinstance(here, list) and part in range(len(here)):
                here = here[part]
            elif i == len(loc) - 1 and isinstance(part, str) and isinstance(here, dict):
                here = None
            else:
                continue
            real.append(part)
        return tuple(real)


class _Loader(yaml.SafeLoader):
    """The safe loader, which stops at a depth that no configuration has before Python does."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        if self.depth > DEEPEST:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, f"nested deeper than {DEEPEST} levels", mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _is_echo(error: Any) -> bool:
    """pydantic calls a list too short when it is its items that are wrong; they have faults of their own."""
    return error["type"] == "too_short" and bool(error["input"])


def _construct(document: Document, node: yaml.Node, loc: Loc, around: tuple[int, ...], faults: list[Fault]) -> Any:
    """The value of a node. Keys are text, exactly as written: a code 007 stays 007, a code yes stays yes."""
    document.lines.setdefault(loc, node.start_mark.line + 1)
    if len(document.lines) > MOST_VALUES:
        return None
    where = f"{document.path}:{node.start_mark.line + 1}"
    if not isinstance(node, yaml.ScalarNode) and (node.tag not in _PLAIN or id(node) in around):
        found = node.tag if node.tag not in _PLAIN else "an anchor that holds itself"
        faults.append(Fault(where, "is not plain YAML", found))
        return None
    if len(around) > DEEPEST:  # by aliases of aliases
        faults.append(Fault(where, "is not plain YAML", f"nested deeper than {DEEPEST} levels"))
        return None
    around = (*around, id(node))
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            place = f"{document.path}:{key_node.start_mark.line + 1}"
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag not in _PLAIN:
                faults.append(Fault(place, "is not plain YAML", f"a key with the tag {key_node.tag}"))
                continue
            key = key_node.value
            if _NO_TEXT.search(key):
                faults.append(Fault(place, "is not plain YAML", "a key with characters that no text has"))
                continue
            if key in mapping:
                faults.append(Fault(place, f'the key "{key}" stands twice'))
            document.lines[(*loc, key)] = key_node.start_mark.line + 1
            mapping[key] = _construct(document, value_node, (*loc, key), around, faults)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_construct(document, item, (*loc, i), around, faults) for i, item in enumerate(node.value)]
    try:
        if _NO_TEXT.search(node.value):
            raise ValueError("a text with characters that no text has")
        value = yaml.SafeLoader("").construct_object(node)
        if isinstance(value, int) and abs(value) > LARGEST:
            raise ValueError("a whole number beyond 64 bits")
        return value
    except yaml.YAMLError as error:
        what = getattr(error, "problem", None) or str(error)
    except ValueError as error:  # a date such as 2020-13-45
        what = str(error)
    except Exception:  # what the constructors of explicit tags raise for a text that is none of theirs
        what = f"a text that is no {node.tag.rpartition(':')[2]}"
    faults.append(Fault(where, "is not plain YAML", what))
    return None


def _fields_at(model: Any, loc: Loc) -> list[str]:
    """Names of the keys that the model allows at a place."""
    models = [model]
    for part in loc:
        models = [inner for outer in models for inner in _step(outer, part)]
    names = [name for one in models for name in getattr(one, "model_fields", {})]
    return sorted(set(names))


def _step(annotation: Any, part: str | int) -> list[Any]:
    fields = getattr(annotation, "model_fields", None)
    if fields is not None:
        return _flat(fields[part].annotation) if part in fields else []
    arguments = get_args(annotation)
    return _flat(arguments[-1] if get_origin(annotation) is dict else arguments[0]) if arguments else []


def _flat(annotation: Any) -> list[Any]:
    """Members of a union, without Annotated and None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _flat(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [inner for one in get_args(annotation) if one is not type(None) for inner in _flat(one)]
    return [annotation]
