"""Steps 3 and 4: extract what is missing, handcrafted and deep features alike."""

from collections.abc import Sequence
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.case import Scan
from features.core.extractor import Extractor
from features.core.quarantine import Rejected
from features.core.recipe import Recipe
from features.core.store import Store
from features.results.extract import extract_address, extract_scans
from features.results.ledger import Ledger
from features.results.weave import feature_prefix, fits
from tasks.pool import Pool

DEVICE_BATCH = 8  # scans whose regions are in memory at once while one process feeds the device


@task(name="extract", cache_policy=NO_CACHE, persist_result=False)
def extract_features(scans: Sequence[Scan], recipe: Recipe, extractor: Extractor, ledger: Ledger, pool: Pool) -> int:
    """How many scans were computed now; features or rejections are kept in work/<block>, what does not last in the ledger."""
    addresses = {scan: extract_address(scan, recipe, extractor) for scan in scans if fits(scan, recipe)}
    prefix = feature_prefix(recipe, extractor.kind)
    todo = [scan for scan, address in addresses.items() if not ledger.knows(extractor.block, prefix, address)]
    what = f"{recipe.name}: {extractor.kind}"
    many = partial(extract_scans, recipe=recipe, extractor=extractor, store=ledger.store)
    one = partial(_extract_one, recipe=recipe, extractor=extractor, store=ledger.store)
    found = pool.map_batches(many, todo, what, DEVICE_BATCH) if extractor.batched else pool.map(one, todo, what)
    for scan, outcome in zip(todo, found, strict=True):
        if isinstance(outcome, Rejected):
            ledger.lost(addresses[scan], outcome)
    return len(todo)


def load_libraries(recipes: Sequence[Recipe]) -> None:
    """Load what a worker needs to check and extract scans."""
    for recipe in recipes:
        for extractor in recipe.extractors:
            if not extractor.batched:
                extractor.warm(recipe)


def _extract_one(scan: Scan, recipe: Recipe, extractor: Extractor, store: Store) -> Rejected | None:
    return extract_scans([scan], recipe, extractor, store)[0]
