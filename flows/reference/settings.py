"""settings: what may be set in a model, as words: type, default, what is allowed, what it means."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from flows.reference.schema import json_schema

Schema = Mapping[str, Any]
NEEDED = "needed"  # in the place of a default
_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_COUNTS = {
    "minItems": "at least {} of them",
    "maxItems": "at most {} of them",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minProperties": "at least {} of them",
}

_PATTERNS = {  # as words
    r"^[a-z][a-z0-9_]*$": "small letters, digits and _",
    r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$": "small letters, digits and single _",
    r"^[A-Za-z][A-Za-z0-9_-]*$": "letters, digits, _ and -",
    r"^[A-Za-z0-9_-]+$": "letters, digits, _ and -",
}


@dataclass(frozen=True)
class Setting:
    """A key of a file. default: as YAML would hold it, or `needed`. allowed: bounds, "" where the type says all."""

    name: str
    type: str
    default: str
    allowed: str
    means: str


def settings_of(model: type[BaseModel]) -> tuple[Setting, ...]:
    """What may be set in a model, in its order, without the key that names the kind."""
    schema = json_schema(model)
    definitions = schema.get("$defs", {})
    if "$ref" in schema:  # of a model that holds itself
        schema = definitions[schema["$ref"].rpartition("/")[2]]

    def named(name: str) -> str:
        return str(definitions[name].get("title", name))

    found = model.model_fields.get("kind")
    key = (found.alias if found else None) or "kind"
    return tuple(one for one in settings_in(schema, definitions, named) if one.name != key)


def settings_in(
    schema: Schema, definitions: Mapping[str, Schema], name_of: Callable[[str], str] = str
) -> list[Setting]:
    """What may be set in an object of a JSON schema. name_of: how another object is named, by its name in `$defs`."""
    needed = schema.get("required", ())
    return [
        Setting(
            name,
            type_of(one, definitions, name_of),
            NEEDED if name in needed else _default(one, definitions),
            ", ".join(dict.fromkeys(_allowed(one, definitions))),
            one.get("description", ""),
        )
        for name, one in schema.get("properties", {}).items()
    ]


def _default(schema: Schema, definitions: Mapping[str, Schema]) -> str:
    """The default as JSON; "" where it is that of each of its own keys."""
    if "default" not in schema:
        return ""
    value = schema["default"]
    for one in (schema, *schema.get("anyOf", ())):
        own = definitions.get(str(one.get("$ref", "")).rpartition("/")[2], {}).get("properties")
        if own and value == {name: key.get("default") for name, key in own.items()}:
            return ""
    return json.dumps(value, ensure_ascii=False)


def type_of(schema: Schema, definitions: Mapping[str, Schema], name_of: Callable[[str], str] = str) -> str:
    """The type in words, such as `list of whole number`."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        target = definitions[name]
        is_named = "properties" in target or ("anyOf" in target and "title" in target)
        return name_of(name) if is_named else type_of(target, definitions, name_of)
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False).strip('"')
    if "enum" in schema:
        return "one of " + ", ".join(json.dumps(one, ensure_ascii=False).strip('"') for one in schema["enum"])
    if "anyOf" in schema:
        choices = list(dict.fromkeys(type_of(one, definitions, name_of) for one in schema["anyOf"]))
        return (", or " if any(" or " in one for one in choices) else " or ").join(choices)
    if schema.get("format") == "date":
        return "date"
    if schema.get("type") == "array":
        return _list_type(schema, definitions, name_of)
    if schema.get("type") == "object":
        values = _values(schema)
        return f"mapping of {type_of(values, definitions, name_of)}" if values else "mapping"
    return _TYPES.get(schema.get("type", ""), "any value")


def _values(schema: Schema) -> Schema | None:
    """What a mapping holds: under any name, or under names of a pattern."""
    for found in (schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()):
        if isinstance(found, dict):
            return found
    return None


def _list_type(schema: Schema, definitions: Mapping[str, Schema], name_of: Callable[[str], str]) -> str:
    if "prefixItems" in schema:
        kinds = list(dict.fromkeys(type_of(one, definitions, name_of) for one in schema["prefixItems"]))
        return f"{len(schema['prefixItems'])} values, each {'; '.join(kinds)}"
    return f"list of {type_of(schema.get('items', {}), definitions, name_of)}"


def _allowed(schema: Schema, definitions: Mapping[str, Schema]) -> list[str]:
    """Bounds of a value, and of what it holds."""
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        return [] if "properties" in target else _allowed(target, definitions)
    found = [f"{sign} {schema[key]:,.10g}" for key, sign in _BOUNDS.items() if key in schema]
    found += [
        words.format(schema[key]) for key, words in _COUNTS.items() if key in schema and "prefixItems" not in schema
    ]
    if "pattern" in schema:
        found.append(_PATTERNS.get(schema["pattern"], f"fits `{schema['pattern']}`"))
    inner = [
        *schema.get("anyOf", ()),
        *schema.get("prefixItems", ()),
        schema.get("items"),
        _values(schema),
    ]
    for one in inner:
        if isinstance(one, dict):
            found += _allowed(one, definitions)
    return found
