"""measure_scan: a scan is read once, checked, and measured by every extractor that takes one region at a time."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from features.core.case import Scan
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.core.region import Region
from features.core.storage.store import Store
from features.images.prepare import prepare_region
from features.images.region import read_region
from features.results.attempt import attempt
from features.results.check_scan import keep_check
from features.results.extract_scans import extract_region
from features.results.work import Extraction, Work


class Job(NamedTuple):
    """What is to do for a scan: its check, None if that is kept, and its features, in this order."""

    scan: Scan
    check: Work | None
    features: tuple[Extraction, ...] = ()

    def first(self) -> str:
        """The address of the first result that is to do."""
        return self.check.address if self.check else self.features[0].address

    def without_first(self) -> Job | None:
        """What is to do if the first result cannot be had; None if that is nothing: no features without a check."""
        return None if self.check else self._replace(features=self.features[1:]).or_none()

    def without_kept(self, store: Store) -> Job | None:
        """What is to do yet, by what the store holds; None if that is nothing."""
        check = self.check
        if check is not None and store.has(check.block, check.address):
            if store.rejection(check.block, check.address) is not None:
                return None
            check = None
        left = tuple(one for one in self.features if not store.has(one.block, one.address))
        return Job(self.scan, check, left).or_none()

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
        why = keep_check(todo.check, region, store)
        if why is not None:
            return {} if store.has(todo.check.block, todo.check.address) else {todo.check.address: why}
    lost = {}
    for recipe, works in groupby(todo.features, attrgetter("recipe")):
        prepared = _prepared(region, recipe)
        for work in works:
            rejected = extract_region(work, prepared, store)
            if rejected is not None:
                lost[work.address] = rejected
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
