"""The extraction step: features of one recipe and extractor for scans that passed the check."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from features.core.case import Scan
from features.core.digest import digest_json
from features.core.extractor import Extractor
from features.core.quarantine import TRANSIENT, Rejected
from features.core.recipe import Recipe
from features.core.region import Region
from features.core.store import Store
from features.images.prepare import prepare_region
from features.images.region import read_region
from features.results.check import scan_facts
from features.results.guard import guarded


def extract_address(scan: Scan, recipe: Recipe, extractor: Extractor) -> str:
    """Where the features are kept: image and mask bytes, recipe, extractor settings and version decide it."""
    return digest_json(
        {
            **scan_facts(scan),
            "recipe": recipe.digest(),
            "extractor": extractor.model_dump(mode="json"),
            "version": extractor.version,
        }
    )


def extract_scans(scans: Sequence[Scan], recipe: Recipe, extractor: Extractor, store: Store) -> Mapping[str, Rejected]:
    """Extract and keep the features, or the rejection, of each scan; returns the rejections that are not kept, by address.

    A batched extractor gets all regions of the call at once: the caller chooses how many fit into memory.
    """
    passing: dict[str, Rejected] = {}

    def keep(scan: Scan, result: Mapping[str, float] | Rejected) -> None:
        if isinstance(result, Rejected) and result.code in TRANSIENT:
            passing[extract_address(scan, recipe, extractor)] = result
        else:
            _keep(scan, recipe, extractor, store, result)

    regions: list[tuple[Scan, Region]] = []
    for scan in scans:
        region = guarded(lambda scan=scan: prepare_region(read_region(scan), recipe))  # type: ignore[misc]
        if isinstance(region, Rejected):
            keep(scan, region)
        else:
            regions.append((scan, region))
    if extractor.batched and regions:
        batch = guarded(lambda: extractor.extract_batch([region for _, region in regions], recipe))
        if not isinstance(batch, Rejected):
            for (scan, _), values in zip(regions, batch, strict=True):
                keep(scan, dict(values))
            return passing
    for scan, region in regions:  # one at a time: the ordinary way, and the way to find the bad one of a failed batch
        found = guarded(lambda region=region: dict(extractor.extract(region, recipe)))  # type: ignore[misc]
        keep(scan, found)
    return passing


def _keep(
    scan: Scan, recipe: Recipe, extractor: Extractor, store: Store, result: Mapping[str, float] | Rejected
) -> None:
    provenance = {
        **scan_facts(scan),
        "recipe": recipe.model_dump_json(exclude={"name", "extractors"}),
        "extractor": json.dumps(extractor.model_dump(mode="json"), sort_keys=True),
        "version": extractor.version,
    }
    store.save(extractor.block, extract_address(scan, recipe, extractor), result, provenance)
