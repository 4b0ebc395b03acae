"""with_shuffled: a design table with the features of the same images after voxels exchanged their intensities within each ROI."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from features.core.catalog.catalog import Catalog
from features.core.kinds.recipe import Recipe

if TYPE_CHECKING:  # they import pandas
    from features.core.design import Design
    from features.fusion.question import Question
    from features.results.manifest import Mart


def shuffled_recipes(recipes: tuple[Recipe, ...]) -> dict[str, Recipe]:
    """Name of a recipe → the recipe of shuffled images, of those that do not shuffle already."""
    return {recipe.name: recipe.shuffled() for recipe in recipes if recipe.shuffle is None}


def with_shuffled(design: Design, mart: Mart, catalog: Catalog, question: Question) -> Design:
    """The design with `shuffled`: its columns of images, as the recipes of shuffled images give them, NaN where a case has none.

    Lesions, visits and deltas become columns as those of the design do. Raises what `fuse` raises.
    """
    from features.fusion.fuse import fuse

    twins = shuffled_recipes(question.recipes)
    if not twins:
        return design
    asked = replace(
        question,
        recipes=tuple(twins.values()),
        missing_block="keep",
        stable=None,  # the scores of stability are of the images as they are
        parts={},
        refreshed_by=question.refreshed_by + "".join(f" --recipe {twin.name}" for twin in twins.values()),
    )
    found = fuse(mart, catalog, asked)
    names: dict[str, str] = {}
    for column in map(str, found.X.columns):
        for name, twin in twins.items():
            if f"__{twin.name}__" in column:
                names[column] = column.replace(f"__{twin.name}__", f"__{name}__", 1)
    shown = {column: name for column, name in names.items() if name in design.blocks}
    return replace(design, shuffled=found.X[list(shown)].rename(columns=shown).reindex(design.X.index))
