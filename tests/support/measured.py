"""What recipes measure of a cohort whose images and ROIs have no words of their own, and jobs of one scan."""

from __future__ import annotations

from collections.abc import Sequence

from features.core.case import ROI, Scan, Target, target_of
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.core.storage.store import Store
from features.results.extract_scans import extract_scans
from features.results.measure_visit import Job, Todo, measure_visit
from features.results.picture import drawings_of
from features.results.work import Extraction, Sample, Work


def measured(*recipes: Recipe) -> list[tuple[Recipe, Target]]:
    """Each recipe with the one image and ROI that such a cohort has for it."""
    return [(recipe, target_of(recipe.modality, ROI, recipe.modality)) for recipe in recipes]


def compute(works: Sequence[Extraction], store: Store) -> list[Rejected | None]:
    """Measure scans as a refresh does, those of a network together; scan by scan the rejections that are not kept."""
    found = []
    for work in works:
        lost = measure_visit(job(work.scan, None, work.samples if work.extractor.batched else (work,)), store)
        found.append(next(iter(lost.values()), None))
    return extract_scans(works, store) if works[0].extractor.batched else found


def job(scan: Scan, check: Work | None, features: Sequence[Extraction | Sample] = ()) -> Job:
    """What is to do for one scan."""
    return Job((Todo(scan, check, tuple(features)),), tuple(drawings_of([check] if check else [])))
