"""features: what can be computed, with the codes of IBSI and formulas in words."""

import json
from typing import Annotated, Literal

import typer

from features.core.errors import RadweaveError

_BY_NAME = " Deprecated: given where it is named."


def features(
    family: Annotated[str, typer.Argument(help="Only this family, such as glcm.")] = "",
    ibsi: Annotated[bool, typer.Option("--ibsi", help="Those of the extractor ibsi, under IBSI's own names.")] = False,
    image_types: Annotated[
        bool, typer.Option("--image-types", help="List image types and extractors instead.")
    ] = False,
    form: Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="table, json or csv.")] = "table",
) -> None:
    """List what can be computed: features with IBSI codes and formulas, or image types with their settings."""
    if image_types and family:
        raise RadweaveError(f"{family}: image types are the same for all families; leave it out")
    rows = _image_types() if image_types else (_features_of_ibsi if ibsi else _features)(family)
    if form == "json":
        typer.echo(json.dumps(rows, indent=1))
        return
    if form == "csv":
        import pyarrow as pa

        from flows.commands.spreadsheet import csv_bytes

        typer.echo(csv_bytes(pa.Table.from_pylist(rows)).decode(), nl=False)
        return
    from flows.screen import Screen, table_of

    title = "Image types and extractors" if image_types else f"{len(rows)} features"
    with Screen() as screen:
        screen.show(table_of(title, {name: [row[name] for row in rows] for name in rows[0]} if rows else {}))


def _features(family: str) -> list[dict[str, str]]:
    from features.radiomics.dialects.feature import no_family
    from features.radiomics.dialects.pyradiomics import FEATURES

    if family and family not in FEATURES:
        raise RadweaveError(no_family(family, FEATURES))
    return [
        {"family": kind, "feature": one.name, "IBSI": one.ibsi, "formula": one.formula + _BY_NAME * one.deprecated}
        for kind in ([family] if family else FEATURES)
        for one in FEATURES[kind]
    ]


def _features_of_ibsi(family: str) -> list[dict[str, str]]:
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


def _image_types() -> list[dict[str, str]]:
    from features.core.kinds.extractor import EXTRACTORS
    from features.core.kinds.filter import FILTERS

    rows = [{"role": "image type", "name": "original", "what": "The image itself", "settings": ""}]
    rows += [_kind("image type", kind, FILTERS.load(kind)) for kind in FILTERS.modules]
    return rows + [_kind("extractor", kind, EXTRACTORS.load(kind)) for kind in EXTRACTORS.modules]


def _kind(role: str, name: str, kind: type) -> dict[str, str]:
    fields = getattr(kind, "model_fields", {})
    settings = [_setting(word, field) for word, field in fields.items() if word != "kind"]
    first = (kind.__doc__ or "").strip().split("\n")[0]
    return {"role": role, "name": name, "what": first, "settings": ", ".join(settings)}


def _setting(word: str, field: object) -> str:
    required = getattr(field, "is_required", lambda: True)()
    return word if required else f"{word} = {getattr(field, 'default', '')}"
