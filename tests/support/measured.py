"""What recipes measure of a cohort whose images and ROIs have no words of their own, and jobs of one scan."""

from __future__ import annotations

from collections.abc import Sequence

from features.core.case import ROI, Scan, Target, target_of
from features.core.kinds.recipe import Recipe
from features.results.measure_visit import Job, Todo
from features.results.picture import drawings_of
from features.results.work import Extraction, Work


def measured(*recipes: Recipe) -> list[tuple[Recipe, Target]]:
    """Each recipe with the one image and ROI that such a cohort has for it."""
    return [(recipe, target_of(recipe.modality, ROI, recipe.modality)) for recipe in recipes]


def job(scan: Scan, check: Work | None, features: Sequence[Extraction] = ()) -> Job:
    """What is to do for one scan."""
    return Job((Todo(scan, check, tuple(features)),), tuple(drawings_of([check] if check else [])))
