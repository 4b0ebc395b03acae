"""What a sealed model asks of the catalog and the machine of those who run it: as facts, and as the page that the package holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from features.core.case import ROI
from features.core.kinds.recipe import Recipe
from features.results.schemas import IMAGE_BLOCKS
from tasks.modelling.evaluation.final import Final

CLINICAL = "clinical"


def package_needs(final: Final, schema: Mapping[str, Any], recipes: Sequence[Recipe]) -> dict[str, Any]:
    """images: of columns of images, with the recipe that prepares them. variables: of clinical columns, as the catalog declares
    them. tables: block → columns, of all other tables. endpoint: its word, its settings and levels. weights: of every network of
    the recipes, by their cards; they are in no package. recipes: those that the columns need.
    """
    columns = schema["columns"]
    return {
        "images": _unique(
            {key: column[key] for key in ("recipe", "modality", "unit", "image", "roi")} | {"unit": unit}
            for column in columns
            if column["block"] in IMAGE_BLOCKS
            for unit in [next((str(one.unit) for one in recipes if one.name == column["recipe"]), "")]
        ),
        "variables": _unique(_variable(column) for column in columns if column["block"] == CLINICAL),
        "tables": _tables(columns),
        "endpoint": {
            "word": schema["endpoint"],
            "settings": final.endpoint.model_dump(mode="json"),
            "levels": list(final.levels),
        },
        "weights": _weights(recipes),
    }


def guide_text(about: Mapping[str, Any], needs: Mapping[str, Any]) -> str:
    """The page in a package: how it is run, what the catalog has to declare, and what comes back. Markdown."""
    endpoint = needs["endpoint"]
    kind = endpoint["settings"]["kind"]
    levels = f", with the levels {', '.join(endpoint['levels'])}" if endpoint["levels"] else ""
    lines = [
        f"# {about['title']}",
        "",
        f"Model {about['model']} of radweave {about['radweave']}. What it is for and what its limits are: model/card.md.",
        "",
        "## Run it on a cohort of your own",
        "",
        f"1. Install radweave {about['radweave']}. Neither a network nor the store of those who sealed it is needed.",
        "2. Describe your files in a data catalog (`radweave init` drafts one; `radweave check` says what is wrong) under the",
        "   words below. Your cohort must not have the name of one that trained the model: "
        + ", ".join(about["cohorts"])
        + ".",
        "3. `radweave score PACKAGE COHORT --catalog data_catalog.yaml --output scores`",
        "4. Send back the folder scores/send_back. It has scores and counts; counts below 5, or what you say by",
        "   `--suppress-below`, are not told. What is in scores/stays_here tells of single cases.",
        "",
        "## What your catalog has to declare",
        "",
        *_declared(needs),
        f"- To be evaluated, not to be predicted: the endpoint `{endpoint['word']}` of kind {kind}{levels}.",
        "",
    ]
    if needs["weights"]:
        lines += ["## Weights of networks, which are not in here", ""]
        lines += [f"- {_weight_line(one)}" for one in needs["weights"]]
        lines += [""]
    return "\n".join(lines)


def _declared(needs: Mapping[str, Any]) -> Iterator[str]:
    for one in needs["images"]:
        roi = f", ROI `{one['roi']}`" if one["roi"] not in ("", ROI) else ", one ROI without a word"
        yield (
            f"- Images of modality {one['modality']} in {one['unit']} under the word `{one['image']}`{roi}, in any form "
            f"that radweave reads. The package brings the recipe `{one['recipe']}`."
        )
    for one in needs["variables"]:
        levels = f", of {', '.join(one['levels'])}" if one["levels"] else ""
        unit = f" in {one['unit']}" if one["unit"] else ""
        yield f"- The clinical variable `{one['name']}`{unit}{levels}: {one['description'] or 'without a description'}."
    for block, columns in needs["tables"].items():
        yield f"- A table of the block `{block}` with the columns {', '.join(columns)}."


def _weight_line(one: Mapping[str, str]) -> str:
    digest = f"sha-256 {one['sha256']}" if one["sha256"] else "of no published sha-256"
    return f"{one['title']} ({one['card']}; {digest}; {one['licence']}, {one['permitted_use']}). {one['get']}".strip()


def _variable(column: Mapping[str, Any]) -> dict[str, Any]:
    """The variable behind a column, which may be one of its levels."""
    name = str(column["name"]).removeprefix(f"{CLINICAL}__")
    level = next((one for one in column["levels"] if name.endswith(f"_{one}")), None)
    return {
        "name": name if level is None else name.removesuffix(f"_{level}"),
        "unit": column["unit"],
        "levels": column["levels"],
        "description": column["description"],
    }


def _tables(columns: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for column in columns:
        block = str(column["block"])
        if block not in (*IMAGE_BLOCKS, CLINICAL, "region", "delta"):
            found.setdefault(block, []).append(str(column["name"]).removeprefix(f"{block}__"))
    return found


def _weights(recipes: Iterable[Recipe]) -> list[dict[str, str]]:
    """Of each network with a card: what it is, the sha-256 of its file, and under which terms it may be had."""
    found = []
    for extractor in (one for recipe in recipes for one in recipe.extractors):
        card = getattr(extractor, "card", None)
        if card is not None:
            weights = card.weights
            found.append(
                {
                    "card": extractor.word,
                    "title": card.title,
                    "sha256": weights.sha256 or weights.sha256_begins,
                    "licence": card.licence,
                    "permitted_use": card.permitted_use,
                    "get": weights.remedy,
                }
            )
    return _unique(found)


def _unique(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for one in found:
        if one not in kept:
            kept.append(one)
    return kept
