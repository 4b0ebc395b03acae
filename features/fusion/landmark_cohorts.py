"""check_landmark_cohorts: no case that a study validates may have had a say in how images are normalised."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from features.core.errors import RadweaveError
from features.core.kinds.recipe import Recipe


def check_landmark_cohorts(recipes: Iterable[Recipe], cohorts: Collection[str]) -> None:
    """Raises RadweaveError if a recipe's landmarks were fitted on images of one of the cohorts.

    Every case of a study's cohorts, external ones too, is predicted, whichever way the study is split: there are no cases
    of theirs from which landmarks could honestly come.
    """
    for recipe in recipes:
        fitted_on = recipe.normalise.fitted_on if recipe.normalise is not None else None
        if fitted_on is not None and fitted_on.cohort in cohorts:
            raise RadweaveError(
                f'recipe {recipe.name}: its landmarks come from the cohort "{fitted_on.cohort}", which is validated by this '
                "study, so that validation folds would have a say in their own intensities: fit them on another cohort "
                "(radweave standardise), or take a normaliser that knows no other image, such as zscore"
            )
