"""pages: the pages of the docs that are made of the code, as Markdown: all keys and kinds, all features, all commands."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flows.reference.commands import commands_page
from flows.reference.dictionary import features
from flows.reference.lists import Listed, find_list, list_names
from flows.reference.markdown import table
from flows.reference.schema import FILES, schema_of
from flows.reference.settings import NEEDED, Setting, settings_in

_SHORT = ("Dicom", "Rtstruct", "Seg", "Pacs")  # names that are written in capitals
_WHERE = {
    "catalog": "`data_catalog.yaml`: facts about data. [For data managers](data-manager.md) shows one line by line.",
    "recipe": "A file in `flows/recipes`, or of your own: how pixels are prepared, and what is extracted.",
    "study": "A file in `flows/studies`, or of your own: one analysis. [For data scientists](data-scientist.md) shows one.",
    "association": "A study with `kind: association`: effects without a model. [Association studies](association.md) shows one.",
    "parameters": "A parameter file of pyradiomics, as `radweave extract --param` reads it: [extract](extract.md).",
}
_KEYS = """# All keys

Every key of the files that you write, with its type, its default and what it means. This page is made from the code that reads
the files. `needed` in the place of a default: the key has to be there. A key that is not on this page is a fault, and
`radweave check` names it with its line.

**Editors.** The same is a JSON schema for each file, by which an editor completes keys and marks faults while you type:
{schemas}. `radweave schema catalog --out catalog.schema.json` writes one. Editors with a YAML language server read it from
the first line of a file:

```yaml
# yaml-language-server: $schema=catalog.schema.json
```

Where a key takes a *kind*, such as a model, write its name alone, or the name with settings:

```yaml
models: [svm, {{kind: random_forest, trees: 300}}]
```

<input class="filter" type="search" placeholder="Show only keys with these words" aria-label="Show only keys with these words">

"""
_FEATURES = """# Dictionary of features

Every handcrafted feature, by both names. `radweave features` prints the same. The code is that of the
[IBSI reference manual](https://arxiv.org/abs/1612.07003); an empty one means that IBSI does not define the feature, or
defines it otherwise. The unit *image* is that of the image: HU, SUV, or none where MR is normalised. Features without a unit
are ratios, or figures of grey levels.

A column of the tables is named `EXTRACTOR__RECIPE__IMAGE_FAMILY_FEATURE`, such as
`radweave__ct_lung__original_glcm_Contrast`. The extractor `radweave` has the names of pyradiomics, the extractor `ibsi` those
of IBSI. `radweave query "SELECT * FROM dictionary"` explains every column of your own tables.

<input class="filter" type="search" placeholder="Show only rows with these words" aria-label="Show only rows with these words">

"""


def pages() -> dict[str, str]:
    """Name of a page, as it would lie in `docs` → its Markdown."""
    return {"keys.md": _keys_page(), "features.md": _features_page(), "commands.md": commands_page()}


def schema_files() -> dict[str, str]:
    """Name of a schema file, as it would lie in `docs` → its JSON."""
    return {f"schemas/{file}.schema.json": json.dumps(schema_of(file), indent=1, ensure_ascii=False) for file in FILES}


def _keys_page() -> str:
    links = ", ".join(f"[{file}](schemas/{file}.schema.json)" for file in FILES)
    parts = [_KEYS.format(schemas=links)]
    parts += [section for file in FILES for section in _file(file)]
    parts.append(
        "## Kinds\n\nWhat stands in the folders; a new file there is a new kind. `radweave list` prints the same.\n"
    )
    parts += [
        section for name in list_names() if name not in ("recipes", "studies") for section in _list(find_list(name))
    ]
    return "\n".join(parts)


def _file(file: str) -> Iterator[str]:
    """The sections of a file: the file itself, then every part of it in the order in which they are met."""
    schema = schema_of(file)
    definitions = schema.get("$defs", {})
    met = _met(schema, definitions)
    names = {name: place for name, place in met.items() if "kind" not in definitions[name].get("properties", {})}

    def named(name: str) -> str:
        if name in names:
            return f"[{_title(name)}](#{file}-{name.lower()})"
        title = definitions[name].get("title", name)
        is_list = title in list_names()
        return f"one of the [{title}](#{title})" if is_list else f"`{title}`"

    yield f"## {file.capitalize()} {{ #{file} }}\n\n{_WHERE[file]}\n"
    yield _table(settings_in(schema, definitions, named))
    for name, place in names.items():
        yield f"### {_title(name)} {{ #{file}-{name.lower()} }}\n\nIn `{place}`. {_first_paragraph(definitions[name])}\n"
        yield _table(settings_in(definitions[name], definitions, named))


def _met(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, str]:
    """Names of the objects in `$defs` in the order in which a reader meets them → the keys that lead to them first."""
    found: dict[str, str] = {}
    waiting: list[tuple[Any, str]] = []

    def walk(one: Any, place: str) -> None:
        if isinstance(one, list):
            for inner in one:
                walk(inner, place)
        elif isinstance(one, dict):
            name = str(one.get("$ref", "")).rpartition("/")[2]
            if name and "properties" not in definitions[name]:
                walk(definitions[name], place)
            elif name and name not in found:
                found[name] = place
                waiting.append((definitions[name], place))
            for key, inner in one.items():
                step = ".NAME" if key in ("additionalProperties", "patternProperties") else ""
                if key == "properties":
                    for word, value in inner.items():
                        walk(value, f"{place}.{word}".lstrip("."))
                elif key != "default":
                    walk(inner if key != "patternProperties" else list(inner.values()), place + step)

    walk({"properties": schema.get("properties", {})}, "")
    while waiting:
        walk(*waiting.pop(0))
    return found


def _list(listed: Listed) -> Iterator[str]:
    """A list with the settings of each of its kinds."""
    yield f"### {listed.name.capitalize()} {{ #{listed.name} }}\n\n{listed.what}\n"
    for entry in listed.entries():
        facts = "".join(f" ({value})" for value in entry.facts.values())
        yield f"#### {entry.name} {{ #{listed.name}-{entry.name} }}\n\n{entry.what}{facts}\n"
        if entry.settings:
            yield _table(entry.settings)


def _title(name: str) -> str:
    """`RtstructMask` → `RTSTRUCT mask`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).split()
    first = words[0].upper() if words[0] in _SHORT else words[0].capitalize()
    return " ".join([first, *(word.lower() for word in words[1:])])


def _first_paragraph(schema: Mapping[str, Any]) -> str:
    return " ".join(str(schema.get("description", "")).split("\n\n")[0].split())


def _table(settings: Sequence[Setting]) -> str:
    return table(
        ("key", "value", "default", "means"),
        [
            (f"`{one.name}`", _value(one), one.default if one.default == NEEDED else _code(one.default), one.means)
            for one in settings
        ],
    )


def _value(setting: Setting) -> str:
    return f"{setting.type}, {setting.allowed}" if setting.allowed else setting.type


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _features_page() -> str:
    parts = [_FEATURES]
    found = features()
    for dialect, title in (("pyradiomics", "Names of pyradiomics"), ("ibsi", "Names of IBSI")):
        families = list(dict.fromkeys(one.family for one in found if one.dialect == dialect))
        parts.append(f"## {title} {{ #{dialect} }}\n")
        for family in families:
            rows = [
                (f"`{one.name}`", one.ibsi, one.unit, one.formula)
                for one in found
                if (one.dialect, one.family) == (dialect, family)
            ]
            parts.append(f"### {family} {{ #{dialect}-{family} }}\n")
            parts.append(table(("feature", "IBSI", "unit", "formula"), rows))
    return "\n".join(parts)
