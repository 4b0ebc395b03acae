"""list and features: what can be named in a catalog, a recipe or a study, and what can be computed."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import typer

from features.core.errors import RadweaveError
from features.core.wording import counted

_BY_NAME = " Deprecated: given where it is named."
Form = Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="table, json or csv.")]
Rows = Sequence[Mapping[str, str]]


def list_kinds(
    kind: Annotated[
        str, typer.Argument(help="What is listed, such as models. Without it: what there is to list.")
    ] = "",
    name: Annotated[str, typer.Argument(help="One of them: its settings, or its file.")] = "",
    form: Form = "table",
) -> None:
    """List what a catalog, a recipe or a study may name: models, filters, recipes … Each with its settings.

    `radweave list` says what there is to list, `radweave list models` lists the models, and `radweave list models svm`
    the settings of one. Features have a list of their own: `radweave features`.
    """
    from flows.reference.lists import COMPARED, find_list, list_names

    if not kind:
        lists = [find_list(one) for one in list_names()]
        rows = [{"list": one.name, "entries": str(len(one.names)), "what": one.what} for one in lists]
        print_rows(rows, form, "Lists: radweave list NAME")
        return
    listed = find_list(kind)
    if not name:
        entries = listed.entries()
        words = dict.fromkeys(word for one in entries for word in one.facts)
        facts = [
            {"name": one.name, **{word: one.facts.get(word, "") for word in words}, "what": one.what} for one in entries
        ]
        print_rows(facts, form, f"{len(facts)} {listed.name}, in {listed.where}", spare=["steps", COMPARED])
        return
    entry = listed.entry(name)
    settings = [
        {"setting": one.name, "type": one.type, "default": one.default, "allowed": one.allowed, "what": one.means}
        for one in entry.settings
    ]
    if form == "json":
        shown = {"name": name, **entry.facts, "what": entry.what, "text": entry.text, "settings": settings}
        typer.echo(json.dumps(shown, indent=1, ensure_ascii=False))
        return
    if form == "csv":
        print_rows(settings, form, name)
        return
    typer.echo(f"{name}: {entry.what}\n\n{entry.text}\n" if entry.text else f"{name}: {entry.what}\n")
    for fact, value in entry.facts.items():
        typer.echo(f"{fact}: {value}")
    if settings:
        print_rows(settings, form, f"Settings of {name}")


list_kinds.__name__ = "list"  # the name of the command, which is a builtin's too


def features(
    family: Annotated[str, typer.Argument(help="Only this family, such as glcm.")] = "",
    ibsi: Annotated[bool, typer.Option("--ibsi", help="Those of the extractor ibsi, under IBSI's own names.")] = False,
    image_types: Annotated[
        bool, typer.Option("--image-types", help="List image types and extractors instead.")
    ] = False,
    form: Form = "table",
) -> None:
    """List what can be computed: features with IBSI codes and formulas, or image types with their settings."""
    if image_types and family:
        raise RadweaveError(f"{family}: image types are the same for all families; leave it out")
    rows = _image_types() if image_types else (_features_of_ibsi if ibsi else _features)(family)
    print_rows(rows, form, "Image types and extractors" if image_types else f"{counted(len(rows), 'feature')}")


def print_rows(rows: Rows, form: str, title: str, spare: Sequence[str] = ()) -> None:
    """Rows as a table, JSON or CSV. spare: columns of the table that a narrow screen may lack, the first to go first."""
    if form == "json":
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    if form == "csv":
        import pyarrow as pa

        from flows.commands.spreadsheet import csv_bytes

        typer.echo(csv_bytes(pa.Table.from_pylist(list(rows))).decode(), nl=False)
        return
    from flows.screen import Screen, table_of

    with Screen() as screen:
        columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
        screen.show(table_of(title, columns, spare))


def _features(family: str) -> Rows:
    from features.radiomics.dialects.feature import no_family
    from features.radiomics.dialects.pyradiomics import FEATURES

    if family and family not in FEATURES:
        raise RadweaveError(no_family(family, FEATURES))
    return [
        {"family": kind, "feature": one.name, "IBSI": one.ibsi, "formula": one.formula + _BY_NAME * one.deprecated}
        for kind in ([family] if family else FEATURES)
        for one in FEATURES[kind]
    ]


def _features_of_ibsi(family: str) -> Rows:
    from features.radiomics.dialects.feature import no_family
    from features.radiomics.dialects.ibsi import FEATURES

    if family and family not in FEATURES:
        raise RadweaveError(no_family(family, FEATURES))
    return [
        {"family": kind, "feature": one.name, "IBSI": one.ibsi, "formula": one.formula}
        for kind, found in FEATURES.items()
        if family in ("", kind)
        for one in found
    ]


def _image_types() -> Rows:
    """As `radweave list filters` and `radweave list extractors` have them, side by side."""
    from flows.reference.lists import find_list

    rows = [{"role": "image type", "name": "original", "what": "The image itself.", "settings": ""}]
    for role, kinds in (("image type", "filters"), ("extractor", "extractors")):
        for one in find_list(kinds).entries():
            settings = ", ".join(f"{s.name} = {s.default}" if s.default != "needed" else s.name for s in one.settings)
            rows.append({"role": role, "name": one.name, "what": one.what, "settings": settings})
    return rows
