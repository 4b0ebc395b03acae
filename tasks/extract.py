"""Step 3: extract the features of extractors that feed a device with many scans at once."""

from collections.abc import Sequence
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.quarantine import Rejected
from features.results.extract_scans import extract_scans
from features.results.known_results import KnownResults
from features.results.work import Extraction
from tasks.running.pool import Pool

DEVICE_BATCH = 128  # scans of which one process feeds the device before it tells how far it is


@task(name="extract", cache_policy=NO_CACHE, persist_result=False)
def extract_features(works: Sequence[Extraction], known: KnownResults, pool: Pool) -> int:
    """How many scans were computed now; features or rejections are kept in work/<block>, what does not last in `known`.

    All are of one recipe and extractor.
    """
    todo = []
    for work in works:
        if known.knows(work):
            continue
        lost = next((why for one in work.samples if (why := known.fresh(one)) is not None), None)
        if lost is None:
            todo.append(work)
        else:  # what its network is shown could not be made this time
            known.lost(work.address, lost)
    if not todo:
        return 0
    what = f"{todo[0].recipe.name}: {todo[0].extractor.word}"
    found = pool.map_batches(partial(extract_scans, store=known.store), todo, what, DEVICE_BATCH)
    for work, outcome in zip(todo, found, strict=True):
        if isinstance(outcome, Rejected):
            known.lost(work.address, outcome)
    return len(todo)
