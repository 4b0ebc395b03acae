"""to_yaml: nested values as YAML with comments. PyYAML writes the values, so that every text is quoted where it must be."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from tasks.drafting.remark import Remark

WIDTH = 110
_FLOW = 70  # letters of a mapping or list that still stands on one line


@dataclass(frozen=True)
class Noted:
    """A value with remarks that stand above its key; of a question without a value, `value` is None and the key is left out."""

    value: Any
    remarks: tuple[Remark, ...] = ()


def to_yaml(values: Mapping[str, Any], header: str = "") -> str:
    """The text of a YAML file: `header` as comments, then the values, each under its remarks."""
    lines = [line for text in header.splitlines() for line in _comment(text, 0)]
    return "\n".join([*lines, *_mapping(values, 0)]) + "\n"


def remarks_in(value: Any) -> Iterator[Remark]:
    """All remarks in nested values, in the order of the file."""
    if isinstance(value, Noted):
        yield from value.remarks
        yield from remarks_in(value.value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from remarks_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from remarks_in(one)


def plain(value: Any) -> Any:
    """Nested values without their remarks, and without keys that hold remarks alone: what a reader of the file gets."""
    if isinstance(value, Noted):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items() if not _is_bare(one)}
    if isinstance(value, list):
        return [plain(one) for one in value if not _is_bare(one)]
    return value


def as_lines(value: Any) -> tuple[str, ...]:
    """Values as lines of YAML, such as the answers of a question hold them."""
    return tuple(_mapping(value, 0) if isinstance(value, Mapping) else _list(value, 0))


def _is_bare(value: Any) -> bool:
    return isinstance(value, Noted) and value.value is None


def _mapping(values: Mapping[str, Any], indent: int) -> list[str]:
    found: list[str] = []
    for key, value in values.items():
        if isinstance(value, Noted):
            found += _remarks(value, indent)
            value = value.value
            if value is None:
                continue
        name, pad = _scalar(key), " " * indent
        if isinstance(value, Mapping | list) and value and not plain(value):  # remarks alone
            found += [line for one in _parts(value) for line in _remarks(one, indent)]
            value = plain(value)
        short = _short(value)
        fits = short is not None and len(pad) + len(name) + len(short) + 2 <= WIDTH
        if fits or not isinstance(value, Mapping | list):
            found.append(f"{pad}{name}: {short}")
        elif isinstance(value, Mapping):
            found += [f"{pad}{name}:", *_mapping(value, indent + 2)]
        else:
            found += [f"{pad}{name}:", *_list(value, indent)]
    return found


def _parts(value: Mapping[str, Any] | list[Any]) -> list[Noted]:
    return [one for one in (value.values() if isinstance(value, Mapping) else value) if isinstance(one, Noted)]


def _list(values: list[Any], indent: int) -> list[str]:
    found: list[str] = []
    for value in values:
        if isinstance(value, Noted):
            found += _remarks(value, indent)
            value = value.value
            if value is None:
                continue
        if isinstance(value, Mapping):
            inner = _mapping(value, indent + 2)
            start = next(i for i, line in enumerate(inner) if not line.lstrip().startswith("#"))
            found += [line[2:] for line in inner[:start]]
            found += [f"{' ' * indent}- {inner[start].lstrip()}", *inner[start + 1 :]]
        else:
            found.append(f"{' ' * indent}- {_short(value)}")
    return found


def _remarks(value: Noted, indent: int) -> list[str]:
    found = []
    for remark in value.remarks:
        found += _comment(f"{remark.kind}: {remark.text}", indent)
        found += [f"{' ' * indent}#   {line}" for line in remark.answers]
    return found


def _comment(text: str, indent: int) -> list[str]:
    first = f"{' ' * indent}# "
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=f"{first}  ", break_on_hyphens=False) or [
        first.rstrip()
    ]


def _short(value: Any) -> str | None:
    """A scalar, or a mapping or list that fits on a line and holds no remark; else None."""
    if isinstance(value, Mapping | list):
        if value and (any(True for _ in remarks_in(value)) or _is_nested(value)):
            return None
        text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True).strip()
        return text if len(text) <= _FLOW or not value else None if isinstance(value, Mapping) else text
    return _scalar(value)


def _is_nested(value: Mapping[str, Any] | list[Any]) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value
    return any(isinstance(one, Mapping) for one in inner) and len(value) > 1


def _scalar(value: Any) -> str:
    return yaml.safe_dump(value, width=10_000, allow_unicode=True).removesuffix("\n").removesuffix("...").rstrip("\n")
