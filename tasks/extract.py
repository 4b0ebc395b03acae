"""Step 3: extract the features of extractors that feed a device with many scans at once."""

from collections.abc import Sequence
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.case import Scan
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.results.build_tables import fits
from features.results.extract_scans import extract_address, extract_scans
from features.results.known_results import KnownResults
from features.results.prefixes import feature_prefix
from tasks.running.pool import Pool

DEVICE_BATCH = 8  # scans whose regions are in memory at once while one process feeds the device


@task(name="extract", cache_policy=NO_CACHE, persist_result=False)
def extract_features(
    scans: Sequence[Scan], recipe: Recipe, extractor: Extractor, known: KnownResults, pool: Pool
) -> int:
    """How many scans were computed now; features or rejections are kept in work/<block>, what does not last in `known`."""
    addresses = {scan: extract_address(scan, recipe, extractor) for scan in scans if fits(scan, recipe)}
    prefix = feature_prefix(recipe, extractor.kind)
    todo = [scan for scan, address in addresses.items() if not known.knows(extractor.block, prefix, address)]
    function = partial(extract_scans, recipe=recipe, extractor=extractor, store=known.store)
    found = pool.map_batches(function, todo, f"{recipe.name}: {extractor.kind}", DEVICE_BATCH)
    for scan, outcome in zip(todo, found, strict=True):
        if isinstance(outcome, Rejected):
            known.lost(addresses[scan], outcome)
    return len(todo)
