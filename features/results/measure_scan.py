"""measure_scan: a scan is read once, checked, and measured by every extractor that takes one region at a time."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from features.core.case import Scan
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.core.region import Region
from features.core.storage.store import Store
from features.images.prepare import prepare_region
from features.images.region import read_region
from features.results.attempt import attempt
from features.results.check_scan import BLOCK, check_address, keep_check
from features.results.extract_scans import extract_address, extract_region


class Job(NamedTuple):
    """What is to do for a scan: its check, and its features by recipe and extractor, in this order."""

    scan: Scan
    check: bool
    features: tuple[tuple[Recipe, Extractor], ...] = ()

    def first(self) -> str:
        """The address of the first result that is to do."""
        return check_address(self.scan) if self.check else extract_address(self.scan, *self.features[0])

    def without_first(self) -> Job | None:
        """What is to do if the first result cannot be had; None if that is nothing: no features without a check."""
        return None if self.check else self._replace(features=self.features[1:]).or_none()

    def without_kept(self, store: Store) -> Job | None:
        """What is to do yet, by what the store holds; None if that is nothing."""
        check = self.check and not store.has(BLOCK, check_address(self.scan))
        if self.check and not check and store.rejection(BLOCK, check_address(self.scan)) is not None:
            return None
        left = [pair for pair in self.features if not store.has(pair[1].block, extract_address(self.scan, *pair))]
        return Job(self.scan, check, tuple(left)).or_none()

    def or_none(self) -> Job | None:
        """The job if there is anything to do."""
        return self if self.check or self.features else None


def measure_scan(job: Job, store: Store) -> dict[str, Rejected]:
    """Do what is to do for a scan and keep each result, a rejection too; features only of a scan that passes its check.

    Returns, by address, the rejections that are not kept because they may pass.
    """
    todo = job.without_kept(store)  # a worker may have been lost in the middle of it
    if todo is None:
        return {}
    region = attempt(lambda: read_region(todo.scan))
    if todo.check:
        why = keep_check(todo.scan, region, store)
        if why is not None:
            return {} if store.has(BLOCK, check_address(todo.scan)) else {check_address(todo.scan): why}
    lost = {}
    for recipe, pairs in groupby(todo.features, itemgetter(0)):
        prepared = _prepared(region, recipe)
        for _, extractor in pairs:
            rejected = extract_region(todo.scan, prepared, recipe, extractor, store)
            if rejected is not None:
                lost[extract_address(todo.scan, recipe, extractor)] = rejected
    return lost


def _prepared(region: Region | Rejected, recipe: Recipe) -> Region | Rejected:
    return region if isinstance(region, Rejected) else attempt(lambda: prepare_region(region, recipe))


def load_libraries(recipes: Sequence[Recipe]) -> None:
    """Load what a worker needs to measure scans."""
    import_module("features.images.image_facts")
    for recipe in recipes:
        for extractor in recipe.extractors:
            if not extractor.batched:
                extractor.warm(recipe)
