"""The extraction step: features of one recipe and extractor for scans that passed the check."""

from __future__ import annotations

import json
from collections.abc import Sequence

from features.core.kinds.extractor import Extractor, Values
from features.core.kinds.recipe import Recipe
from features.core.quarantine import TRANSIENT, Rejected, Warned
from features.core.region import Region
from features.core.storage.store import Store
from features.core.versions import kernel
from features.images.prepare import prepare_region
from features.results.attempt import attempt
from features.results.registrations import read_kept
from features.results.work import Extraction, scan_facts


def extract_scans(works: Sequence[Extraction], store: Store) -> list[Rejected | None]:
    """Extract and keep the features, or the rejection, of each scan; returns, scan by scan, a rejection that is not kept.

    All are of one recipe and extractor, which gets all regions of the call at once: the caller chooses how many fit into
    memory. If it fails, it gets them one at a time, which finds the bad one.
    """
    recipe, extractor = works[0].recipe, works[0].extractor
    regions = [attempt(lambda one=one: prepare_region(read_kept(one.scan, store), recipe)) for one in works]  # type: ignore[misc]
    together = [region for region in regions if not isinstance(region, Rejected)]
    batch = attempt(lambda: _together(together, recipe, extractor)) if together else []
    if isinstance(batch, Rejected):
        return [extract_region(one, region, store) for one, region in zip(works, regions, strict=True)]
    values = iter(batch)
    found: list[Rejected | None] = []
    for one, region in zip(works, regions, strict=True):
        if isinstance(region, Rejected):
            found.append(_keep(one, store, region))
        else:
            found.append(_keep(one, store, dict(next(values)), region.warnings))
    return found


def extract_region(work: Extraction, region: Region | Rejected, store: Store) -> Rejected | None:
    """Extract and keep the features of a prepared region, or why there are none; returns a rejection that is not kept.

    What preparation noticed is kept with the features.
    """
    if isinstance(region, Rejected):
        return _keep(work, store, region)
    result = attempt(lambda: dict(work.extractor.extract(region, work.recipe)))
    return _keep(work, store, result, region.warnings)


def _together(regions: Sequence[Region], recipe: Recipe, extractor: Extractor) -> Sequence[Values]:
    """Features of each region. A GPU that is full gets half as many at once, down to one, which then is a MemoryError."""
    try:
        return extractor.extract_batch(regions, recipe)
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError":  # torch's, which is not imported for its name
            raise
        if len(regions) == 1:
            raise MemoryError("the GPU") from error
    half = len(regions) // 2
    return [*_together(regions[:half], recipe, extractor), *_together(regions[half:], recipe, extractor)]


def _keep(
    work: Extraction, store: Store, result: Values | Rejected, warnings: Sequence[Warned] = ()
) -> Rejected | None:
    if isinstance(result, Rejected) and result.code in TRANSIENT:
        return result
    provenance = {
        **scan_facts(work.scan),
        "recipe": work.recipe.model_dump_json(exclude={"name", "extractors"}),
        "extractor": json.dumps(work.extractor.model_dump(mode="json"), sort_keys=True),
        "version": work.extractor.version,
        "kernel": kernel(),
    }
    said = () if isinstance(result, Rejected) else warnings
    store.save(work.block, work.address, result, provenance, said)
    return None
