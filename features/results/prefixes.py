"""Prefixes of columns: whose they are, and the settings behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from features.core.case import Target
from features.core.catalog.catalog import Cohort
from features.core.catalog.targets import targets_of
from features.core.digest import digest_json
from features.core.kinds.recipe import Recipe

RESULT = "result"  # ends the name of the column that holds the addresses of per-case results


def region_prefix(target: Target) -> str:
    """Of the facts of an image with one of its ROIs: `region__IMAGE__`, and the word of the ROI where it has one."""
    roi = f"{target.roi}__" if target.is_roi_named else ""
    return f"region__{target.image.lower()}__{roi}"


def feature_prefix(recipe: Recipe, kind: str, target: Target) -> str:
    """Of the features of an image and a ROI by an extractor of a recipe: `KIND__RECIPE__`, and the words that are declared."""
    return f"{kind}__{recipe.name}__{target.infix}"


def feature_table(block: str, recipe: str) -> str:
    """The table of the mart with a recipe's columns of a block."""
    return f"{block}/{recipe}"


def recipe_targets(cohort: Cohort, recipes: Sequence[Recipe]) -> list[tuple[Recipe, Target]]:
    """Each recipe with each image and ROI of a cohort that it measures, in the order of the columns."""
    return [(recipe, target) for recipe in recipes for target in targets_of(cohort, recipe)]


def settings_digests(measured: Iterable[tuple[Recipe, Target]]) -> dict[str, str]:
    """Column prefix → digest of the recipe's and the extractor's settings and version behind the columns.

    measured: as `recipe_targets` gives them.
    """
    return {
        feature_prefix(recipe, extractor.word, target): digest_json(
            [recipe.digest(), extractor.model_dump(mode="json"), extractor.version]
        )
        for recipe, target in measured
        for extractor in recipe.extractors
    }


def leaving(built: Mapping[str, str], measured: Iterable[tuple[Recipe, Target]]) -> dict[str, list[str]]:
    """Recipe → prefixes of its columns, of those that tables hold now and would lose if these were built.

    built: prefix → digest, as `settings_digests` gives it.
    """
    found: dict[str, list[str]] = {}
    for prefix in sorted(built.keys() - settings_digests(measured).keys()):
        found.setdefault(prefix.split("__")[1], []).append(prefix)
    return found
