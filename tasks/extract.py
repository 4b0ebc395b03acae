"""Steps 3 and 4: extract what is missing, handcrafted and deep features alike."""

from collections.abc import Sequence
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.case import Scan
from features.core.extractor import Extractor
from features.core.recipe import Recipe
from features.core.store import Store
from features.results.extract import extract_scans, is_missing
from tasks.pool import Pool

DEVICE_BATCH = 8  # scans whose regions are in memory at once while one process feeds the device


@task(name="extract", cache_policy=NO_CACHE, persist_result=False)
def extract_features(scans: Sequence[Scan], recipe: Recipe, extractor: Extractor, store: Store, pool: Pool) -> int:
    """How many scans were computed now; features or rejections are kept in work/<block>."""
    fitting = [scan for scan in scans if scan.modality == recipe.modality and scan.unit == recipe.unit]
    todo = [scan for scan in fitting if is_missing(scan, recipe, extractor, store)]
    what = f"{recipe.name}: {extractor.kind}"
    if not extractor.batched:
        pool.map(partial(_extract_one, recipe=recipe, extractor=extractor, store=store), todo, what)
        return len(todo)
    function = partial(extract_scans, recipe=recipe, extractor=extractor, store=store)
    pool.map_batches(function, todo, what, DEVICE_BATCH)
    return len(todo)


def _extract_one(scan: Scan, recipe: Recipe, extractor: Extractor, store: Store) -> None:
    extract_scans([scan], recipe, extractor, store)
