"""The extraction step: features of one recipe and extractor for scans that passed the check."""

from __future__ import annotations

import json
from collections.abc import Sequence

from features.core.case import Scan
from features.core.digest import digest_json
from features.core.kinds.extractor import Extractor, Values
from features.core.kinds.recipe import Recipe
from features.core.quarantine import TRANSIENT, Rejected, Warned
from features.core.region import Region
from features.core.storage.store import Store
from features.core.versions import kernel
from features.images.prepare import VERSION, prepare_region
from features.images.region import read_region
from features.results.attempt import attempt
from features.results.check_scan import scan_facts


def extract_address(scan: Scan, recipe: Recipe, extractor: Extractor) -> str:
    """Where the features are kept: image and mask bytes, recipe, extractor settings and versions decide it."""
    return digest_json(
        {
            **scan_facts(scan),
            "recipe": recipe.digest(),
            "extractor": extractor.model_dump(mode="json"),
            "version": extractor.version,
            "preparation": VERSION,
        }
    )


def extract_scans(scans: Sequence[Scan], recipe: Recipe, extractor: Extractor, store: Store) -> list[Rejected | None]:
    """Extract and keep the features, or the rejection, of each scan; returns, scan by scan, a rejection that is not kept.

    The extractor gets all regions of the call at once: the caller chooses how many fit into memory. If it fails, it gets
    them one at a time, which finds the bad one.
    """
    regions = [attempt(lambda scan=scan: prepare_region(read_region(scan), recipe)) for scan in scans]  # type: ignore[misc]
    together = [region for region in regions if not isinstance(region, Rejected)]
    batch = attempt(lambda: _together(together, recipe, extractor)) if together else []
    if isinstance(batch, Rejected):
        pairs = zip(scans, regions, strict=True)
        return [extract_region(scan, region, recipe, extractor, store) for scan, region in pairs]
    values = iter(batch)
    found: list[Rejected | None] = []
    for scan, region in zip(scans, regions, strict=True):
        if isinstance(region, Rejected):
            found.append(_keep(scan, recipe, extractor, store, region))
        else:
            found.append(_keep(scan, recipe, extractor, store, dict(next(values)), region.warnings))
    return found


def extract_region(
    scan: Scan, region: Region | Rejected, recipe: Recipe, extractor: Extractor, store: Store
) -> Rejected | None:
    """Extract and keep the features of a prepared region, or why there are none; returns a rejection that is not kept.

    What preparation noticed is kept with the features.
    """
    if isinstance(region, Rejected):
        return _keep(scan, recipe, extractor, store, region)
    result = attempt(lambda: dict(extractor.extract(region, recipe)))
    return _keep(scan, recipe, extractor, store, result, region.warnings)


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
    scan: Scan,
    recipe: Recipe,
    extractor: Extractor,
    store: Store,
    result: Values | Rejected,
    warnings: Sequence[Warned] = (),
) -> Rejected | None:
    if isinstance(result, Rejected) and result.code in TRANSIENT:
        return result
    provenance = {
        **scan_facts(scan),
        "recipe": recipe.model_dump_json(exclude={"name", "extractors"}),
        "extractor": json.dumps(extractor.model_dump(mode="json"), sort_keys=True),
        "version": extractor.version,
        "kernel": kernel(),
    }
    said = () if isinstance(result, Rejected) else warnings
    store.save(extractor.block, extract_address(scan, recipe, extractor), result, provenance, said)
    return None
