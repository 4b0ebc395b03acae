"""YAML with an address: every fault names its file and line, what was found, what is allowed, and the nearest word."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from features.core.errors import ConfigError, Fault, PlacedError, did_you_mean
from features.core.kinds.registry import KindError

M = TypeVar("M", bound=BaseModel)
MOST_BYTES, DEEPEST, MOST_VALUES, LARGEST = 4 * 2**20, 100, 100_000, 2**63 - 1
Loc = tuple[str | int, ...]
_NO_TEXT = re.compile("[\0\ud800-\udfff]")  # NUL, and halves of characters that no file can hold
_TAG = "tag:yaml.org,2002:"
_SCALARS = {  # and what is said of a text that does not fit
    f"{_TAG}str": "no text",
    f"{_TAG}int": "no whole number",
    f"{_TAG}float": "no number",
    f"{_TAG}bool": "neither true nor false",
    f"{_TAG}null": "not null",
    f"{_TAG}timestamp": "no date",
}
_NULLS = ("", "~", "null", "Null", "NULL")
_LONGEST_SHOWN = 40


@dataclass
class Document:
    """A YAML file as data, with the line of each place in it."""

    path: Path
    data: Any
    lines: dict[Loc, int] = field(default_factory=dict)
    is_file: bool = True

    @classmethod
    def load(cls, path: Path) -> Document:
        """Read with the safe loader (no tags run code).

        Raises ConfigError if absent, malformed, with double keys, or larger than a configuration is: 4 MiB, 100 levels of
        nesting, 100,000 values with those that aliases repeat. So no file takes long: 98,700 values are read in 4.5 s of CPU
        (measured), of which PyYAML's scanner takes 3.3. libyaml would halve that, but not every installation of PyYAML has it,
        and it words faults otherwise.
        """
        try:
            if path.is_file() and path.stat().st_size > MOST_BYTES:
                raise ConfigError([Fault(str(path), "is too large for a configuration", allowed="4 MiB at most")])
            text = path.read_text("utf-8")
        except FileNotFoundError as error:
            raise ConfigError([Fault(str(path), "there is no such file")]) from error
        except (OSError, UnicodeDecodeError) as error:
            what = getattr(error, "strerror", None) or "it is not UTF-8"
            raise ConfigError([Fault(str(path), f"cannot be read: {what}")]) from error
        node = _compose(path, text)
        document = cls(path, None)
        faults: list[Fault] = []
        document.data = _construct(document, node, (), faults) if node else {}
        if faults:
            raise ConfigError(faults)
        return document

    @classmethod
    def given(cls, name: str, data: Any) -> Document:
        """Data that Python gave and no file holds, for `parse`. name: what faults call them."""
        return cls(Path(name), data, is_file=False)

    def where(self, loc: Sequence[str | int]) -> str:
        """`file:line` of a place, or of the nearest place that holds it; of data without a file, their name."""
        if not self.is_file:
            return str(self.path)
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
        errors = error.errors()
        for item in errors:
            inner = item.get("ctx", {}).get("error")
            if isinstance(inner, KindError):  # settings of a kind: each fault at its own line
                yield from self._faults(inner.model, inner.error, (*above, *item["loc"]))
            elif isinstance(inner, PlacedError):
                placed = {**item, "loc": (*item["loc"], *inner.loc), "msg": str(inner), "input": {}}
                yield self._fault(model, placed, above)
            elif not _is_echo(item, errors):
                yield self._fault(model, item, above)

    def _fault(self, model: type[BaseModel], error: Any, above: Loc) -> Fault:
        loc = self._real_loc((*above, *error["loc"]))
        dotted = ".".join(str(part) for part in loc) or "the document"
        kind, found = error["type"], error["input"]
        if kind == "extra_forbidden":
            names = _fields_at(model, self._marked((*above, *error["loc"]))[len(above) : -1])
            elsewhere: dict[object, str] = getattr(model, "elsewhere", {}) if len(error["loc"]) == 1 else {}
            hint = elsewhere.get(loc[-1]) or did_you_mean(loc[-1], names)
            return Fault(self.where(loc), f'unknown key "{dotted}"', "", ", ".join(names), hint)
        if kind == "missing" and isinstance(error["loc"][-1], int):  # of a list that is too short
            return Fault(self.where(loc), f"{dotted}: has too few values", repr(found))
        if kind == "missing":
            return Fault(self.where(loc), f'the key "{dotted}" is missing')
        expected = error.get("ctx", {}).get("expected", "") or error.get("ctx", {}).get("expected_tags", "")
        words = [word.strip(" '") for word in str(expected).replace(" or ", ", ").split(",")] if expected else []
        shown = "" if isinstance(found, dict | list | BaseModel) else repr(found)
        what = error["msg"].removeprefix("Value error, ")
        word = error.get("ctx", {}).get("tag", found)
        return Fault(self.where(loc), f"{dotted}: {what}", shown, ", ".join(words), did_you_mean(word, words))

    def _real_loc(self, loc: Loc) -> Loc:
        return tuple(part for part, is_real in self._marked(loc) if is_real)

    def _marked(self, loc: Loc) -> list[tuple[str | int, bool]]:
        """Each part, and whether the file holds it: pydantic puts tags and type names of unions into its places."""
        marked: list[tuple[str | int, bool]] = []
        here: Any = self.data
        for i, part in enumerate(loc):
            is_real = part in here if isinstance(here, dict) else isinstance(here, list) and part in range(len(here))
            if is_real:
                here = here[part]
            elif i == len(loc) - 1 and isinstance(part, str) and isinstance(here, dict):
                is_real, here = True, None
            marked.append((part, is_real))
        return marked


class _Unfit(Exception):
    """More levels or values than a configuration has, or an anchor that holds itself."""

    def __init__(self, what: str, event: Any) -> None:
        self.what, self.line = what, event.start_mark.line


class _Loader(yaml.SafeLoader):
    """The safe loader, which stops at a depth that no configuration has before Python does, and at too many values, with
    those that aliases repeat, before they are made."""

    depth, count = 0, 0

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.sizes: dict[yaml.Node | None, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self.depth += 1
        if self.depth > DEEPEST:
            raise _Unfit(f"is nested deeper than {DEEPEST} levels", event)
        before = self.count
        if isinstance(event, yaml.AliasEvent):
            node = super().compose_node(parent, index)
            if node not in self.sizes:
                raise _Unfit("is not plain YAML; found an anchor that holds itself", event)
            self._count(self.sizes[node], event)
        else:
            is_key = isinstance(parent, yaml.MappingNode) and index is None
            self._count(0 if is_key else 1, event)
            node = super().compose_node(parent, index)
            self.sizes[node] = self.count - before
        self.depth -= 1
        return node

    def _count(self, values: int, event: yaml.Event) -> None:
        self.count += values
        if self.count > MOST_VALUES:
            raise _Unfit(f"holds over {MOST_VALUES} values up to here, with those that aliases repeat", event)


def _compose(path: Path, text: str) -> yaml.Node | None:
    """The nodes of a text. Raises ConfigError with the line where it is not YAML, or more than a configuration holds."""
    loader = None
    try:
        loader = _Loader(text)
        return loader.get_single_node()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position)
        what = f"is not YAML: the character #x{int(error.character):04x} is not allowed in it"
    except _Unfit as error:
        line, what = error.line, error.what
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        problem = error.problem or str(error)
        what = f"is not YAML: {error.context + ', ' if error.context and problem.startswith('but ') else ''}{problem}"
    except (ValueError, OverflowError):  # of an escape such as "\\U00110000"
        line, what = loader.line if loader else 0, "is not YAML: an escape stands for no character"
    raise ConfigError([Fault(f"{path}:{line + 1}", what)])


def _is_echo(error: Any, errors: Sequence[Any]) -> bool:
    """pydantic calls a list too short when it is its items that are wrong; they have faults of their own."""
    loc = error["loc"]
    below = (one["loc"] for one in errors if len(one["loc"]) > len(loc))
    return error["type"] == "too_short" and any(one[: len(loc)] == loc for one in below)


def _construct(document: Document, node: yaml.Node, loc: Loc, faults: list[Fault]) -> Any:
    """The value of a node. Keys are text, exactly as written: a code 007 stays 007, a code yes stays yes."""
    document.lines.setdefault(loc, node.start_mark.line + 1)
    where = f"{document.path}:{node.start_mark.line + 1}"
    if found := _found_odd(node):
        faults.append(Fault(where, "is not plain YAML", found))
        return None
    if len(loc) > DEEPEST:  # by aliases of aliases
        faults.append(Fault(where, f"is nested deeper than {DEEPEST} levels"))
        return None
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            place = f"{document.path}:{key_node.start_mark.line + 1}"
            if key_node.tag not in _SCALARS:
                faults.append(Fault(place, "is not plain YAML", f"a key with the tag {_short(key_node.tag)}"))
                continue
            key = key_node.value
            if _NO_TEXT.search(key):
                faults.append(Fault(place, "is not plain YAML", "a key with characters that no text has"))
                continue
            if key in mapping:
                faults.append(Fault(place, f'the key "{key}" stands twice'))
            document.lines[(*loc, key)] = key_node.start_mark.line + 1
            mapping[key] = _construct(document, value_node, (*loc, key), faults)
        return mapping
    if isinstance(node, yaml.SequenceNode):
        return [_construct(document, item, (*loc, i), faults) for i, item in enumerate(node.value)]
    value, fault = _scalar(node)
    if fault:
        faults.append(Fault(where, "is not plain YAML", fault))
    return value


def _found_odd(node: yaml.Node) -> str:
    """What a node has that plain YAML has not: another tag than that of its own kind."""
    if isinstance(node, yaml.ScalarNode):
        return "" if node.tag in _SCALARS else f"the tag {_short(node.tag)}"
    is_odd = node.tag != f"{_TAG}{'map' if isinstance(node, yaml.MappingNode) else 'seq'}"
    return f"the tag {_short(node.tag)}" if is_odd else ""


def _short(tag: str) -> str:
    return tag.replace(_TAG, "!!")


def _scalar(node: yaml.Node) -> tuple[Any, str]:
    """The value of a node of one text, or why it has none: a word with a tag that it does not fit, a date such as 2020-13-45."""
    if _NO_TEXT.search(node.value):
        return None, "a text with characters that no text has"
    try:
        value = yaml.constructor.SafeConstructor().construct_object(node)
        fits = value is not None or node.value in _NULLS
    except Exception:  # the constructors of tags raise anything
        value, fits = None, False
    digits = node.tag == f"{_TAG}int" and node.value.lstrip("+-").isdecimal()
    is_huge = not fits and digits  # more of them than Python reads
    if is_huge or (isinstance(value, int) and abs(value) > LARGEST):
        return None, "a whole number beyond 64 bits"
    if not fits:
        shown = repr(node.value) if len(node.value) <= _LONGEST_SHOWN else "a text"
        return None, f"{shown}, which is {_SCALARS[node.tag]}"
    return value, ""


def _fields_at(model: Any, parts: Sequence[tuple[str | int, bool]]) -> list[str]:
    """Names of the keys that the model allows at a place. parts: with whether each is of the file, or a union's tag."""
    models = [model]
    for part, is_real in parts:
        if is_real:
            models = [inner for outer in models for inner in _step(outer, part)]
        else:
            models = [one for one in models if _has_tag(one, part)] or models
    names = [name for one in models for name in getattr(one, "model_fields", {})]
    return sorted(set(names))


def _has_tag(model: Any, tag: str | int) -> bool:
    """Whether pydantic means this member of a union: by its name, or by the value of its discriminating field."""
    fields = getattr(model, "model_fields", {}).values()
    values = (get_args(one.annotation) for one in fields if get_origin(one.annotation) is Literal)
    return tag == getattr(model, "__name__", "") or any(tag in allowed for allowed in values)


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
