"""Shown: what the recipes of a study show networks of the cases of a cohort, by the words that sets of blocks name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from features.core.errors import RadweaveError, StoreError
from features.core.images import IMAGES
from features.core.kinds.recipe import Recipe
from features.fusion.lesions import Lesions
from features.fusion.part_of_block import PartOfBlock
from features.fusion.question import Question
from features.results.manifest import Mart
from features.results.schemas import SAMPLE, SHOWN

OF = ["recipe", "image", "roi"]
Samples = Mapping[str, tuple[str, ...]]  # case → addresses of what is shown of it, in the order of the samplings


def shown_of(mart: Mart, cohort: str, question: Question) -> dict[str, Samples]:
    """Word → what is shown of the cases that have it; none where no set of blocks names images.

    Raises RadweaveError where a word means what several recipes show, or several ROIs, or nothing; where lesions are merged, which
    have no image in common; StoreError where the cohort has to be refreshed.
    """
    if not question.shows:
        return {}
    _check_lesions(question.lesions)
    recipes = [recipe.name for recipe in question.recipes]
    if mart.manifest.file(SHOWN.name, cohort) is None:
        raise StoreError(
            f'the mart has no images for networks of cohort "{cohort}": run radweave refresh '
            f"{' '.join(question.all_cohorts)}{question.refreshed_by}"
        )
    rows = [row for row in mart.read(SHOWN.name, cohort).to_pylist() if row["recipe"] in recipes]
    rows.sort(key=lambda row: (row["case"], row["place"]))
    return {word: _of_word(word, question.parts.get(word), rows, cohort) for word in question.shows}


def _of_word(word: str, part: PartOfBlock | None, rows: Sequence[Mapping[str, str]], cohort: str) -> Samples:
    every = [dict(zip(OF, key, strict=True)) for key in dict.fromkeys(tuple(row[name] for name in OF) for row in rows)]
    meant = [one for one in every if part is None or part.shows(one)]
    if len(meant) != 1:
        there = "; ".join(_told(one) for one in every)
        if not meant:
            raise RadweaveError(
                f'cohort "{cohort}": no recipe shows networks what {word} names; there is {there or "nothing"}'
            )
        raise RadweaveError(
            f'cohort "{cohort}": {word} may mean {" or ".join(_told(one) for one in meant)}: name one by a part, as in '
            f"parts: {{one: {{of: {IMAGES}, recipes: {meant[0]['recipe']}, rois: {meant[0]['roi']}}}}}"
        )
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if all(row[name] == meant[0][name] for name in OF):
            found[row["case"]] = (*found.get(row["case"], ()), row[SAMPLE])
    return found


def lacking_shown(cases: Sequence[str], shown: Mapping[str, Samples]) -> pd.DataFrame:
    """True where nothing is shown of a case: a column for each word."""
    found = {word: [case not in samples for case in cases] for word, samples in shown.items()}
    return pd.DataFrame(found, index=pd.Index(cases), dtype=bool)


def shown_in_words(recipes: Sequence[Recipe]) -> tuple[str, ...]:
    """What each recipe shows models that learn from images, as a part of a sentence; none of recipes that show nothing."""
    found = []
    for recipe in recipes:
        for extractor in (one for one in recipe.extractors if one.gives == IMAGES):
            of = " + ".join(recipe.channels) or recipe.modality
            low, high = recipe.window or (None, None)
            window = "" if low is None else f", {low:g} to {high:g} {recipe.measured_unit} from black to white"
            found.append(f"{extractor.said} of {of} by the recipe {recipe.name}{window}")
    return tuple(found)


def _check_lesions(lesions: Lesions) -> None:
    if lesions in ("sum", "mean"):
        raise RadweaveError(
            f"lesions: {lesions} makes one row of several lesions, and images have no {lesions}: say lesions: each, or largest"
        )


def _told(one: Mapping[str, str]) -> str:
    return f"{one['recipe']} of {one['image']} {one['roi']}"
