"""Stable: which columns of images a study may use, by scores that were measured without any outcome."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Literal

from pydantic import Field

from features.core.case import Target
from features.core.errors import RadweaveError, StoreError
from features.core.frozen import Frozen
from features.core.kinds.recipe import Recipe
from features.core.storage.store import Store
from features.core.storage.table import read_with_provenance
from features.results.prefixes import feature_prefix, settings_digests

_HANDCRAFTED: tuple[Literal["radiomics", "deep"], ...] = ("radiomics",)  # once there was no choice
Figure = Literal["icc_2_1", "icc_2_1_low", "icc_3_1", "icc_3_1_low"]


class Stable(Frozen):
    """Keep only features whose stability under perturbations is at least `minimum`.

    The scores are those of `cohort`, which the study must not name: they depend on how much its patients differ, so that
    patients of a validation fold would have a say in which features are tried on them. Clinical and genomic columns, volumes, and
    blocks that are not named are not touched; a feature without a score is left out.
    """

    cohort: str = Field(description="cohort whose images were perturbed; none of the study's own")
    minimum: float = Field(0.75, ge=-1, le=1, description="lowest figure of a feature that is kept")
    blocks: tuple[Literal["radiomics", "deep"], ...] = Field(
        _HANDCRAFTED,
        min_length=1,
        exclude_if=lambda blocks: blocks == _HANDCRAFTED,
        description="blocks whose features are judged",
    )
    figure: Figure = Field("icc_2_1_low", description="which intraclass correlation, or the lower end of its interval")

    def unstable(self, store: Store, cohorts: Collection[str], measured: Sequence[tuple[Recipe, Target]]) -> set[str]:
        """Columns that are left out, of recipes with the images and ROIs that they measure.

        Raises RadweaveError if scores are missing, of other settings, or of the study's own.
        """
        if self.cohort in cohorts:
            raise RadweaveError(
                f'stable: the cohort "{self.cohort}" is validated by this study, so that its stability scores would let '
                "validation folds choose features: name another cohort, such as a test-retest or a pilot one"
            )
        found: set[str] = set()
        digests = settings_digests(measured)
        for recipe, target in measured:
            for extractor in (extractor for extractor in recipe.extractors if extractor.block in self.blocks):
                prefix = feature_prefix(recipe, extractor.word, target)
                names = {prefix + column.name for column in extractor.columns(recipe)}
                found |= names - self._passing(store, recipe.name, prefix, digests[prefix])
        return found

    def _passing(self, store: Store, recipe: str, prefix: str, digest: str) -> set[str]:
        cohort = self.cohort
        path = store.stability(cohort, prefix)
        command = f"run radweave stability {cohort} --recipe {recipe} (or the recipe's file)"
        if not path.is_file():
            raise StoreError(f'the store has no stability scores of {prefix}* for cohort "{cohort}": {command}')
        table, provenance = read_with_provenance(path)
        if provenance.get("settings") != digest:
            raise StoreError(
                f'the stability scores of {prefix}* for cohort "{cohort}" are of other settings: {command}'
            )
        rows = zip(table["feature"].to_pylist(), table[self.figure].to_pylist(), strict=True)
        return {name for name, value in rows if value is not None and value >= self.minimum}


def stability_digests(store: Store, cohort: str, measured: Sequence[tuple[Recipe, Target]]) -> list[str]:
    """What tells whether scores changed: their tables as text, for those that are there. measured: as `recipe_targets` gives it."""
    paths = [store.stability(cohort, prefix) for prefix in settings_digests(measured)]
    return [json.dumps(read_with_provenance(path)[0].to_pylist()) for path in paths if path.is_file()]
