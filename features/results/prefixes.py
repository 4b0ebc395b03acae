"""Prefixes of columns: whose they are, and the settings behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from features.core.digest import digest_json
from features.core.kinds.recipe import Recipe

RESULT = "result"  # ends the name of the column that holds the addresses of per-case results


def region_prefix(modality: str) -> str:
    return f"region__{modality.lower()}__"


def feature_prefix(recipe: Recipe, kind: str) -> str:
    return f"{kind}__{recipe.name}__"


def feature_table(block: str, recipe: str) -> str:
    """The table of the mart with a recipe's columns of a block."""
    return f"{block}/{recipe}"


def settings_digests(recipes: Sequence[Recipe]) -> dict[str, str]:
    """Column prefix → digest of the recipe's and the extractor's settings and version behind the columns."""
    return {
        feature_prefix(recipe, extractor.kind): digest_json(
            [recipe.digest(), extractor.model_dump(mode="json"), extractor.version]
        )
        for recipe in recipes
        for extractor in recipe.extractors
    }


def leaving(built: Mapping[str, str], recipes: Sequence[Recipe]) -> dict[str, list[str]]:
    """Recipe → prefixes of its columns, of those that tables hold now and would lose if these recipes were built.

    built: prefix → digest, as `settings_digests` gives it.
    """
    found: dict[str, list[str]] = {}
    for prefix in sorted(built.keys() - settings_digests(recipes).keys()):
        found.setdefault(prefix.split("__")[1], []).append(prefix)
    return found
