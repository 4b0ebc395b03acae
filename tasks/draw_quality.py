"""After step 6a: the quality page of a cohort."""

from collections.abc import Sequence
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.case import Scan
from features.core.quarantine import Rejected
from features.core.storage.store import THUMBNAIL, Store
from features.results.check_scan import draw_scan
from features.results.work import check_of
from tasks.running.pool import Pool


@task(name="quality", cache_policy=NO_CACHE, persist_result=False)
def write_quality_page(store: Store, cohort: str) -> None:
    """The page of what the newest refresh left, with the thumbnails that are kept."""
    from tasks.quality.quality_page import write_quality  # a refresh that changes nothing need not load it

    write_quality(store, cohort)


def draw_missing(scans: Sequence[Scan], store: Store, pool: Pool, cohort: str) -> tuple[int, int]:
    """How many thumbnails that were damaged or not kept were drawn now, and how many scans could not be read for one."""
    kept = store.results().get(THUMBNAIL, set())
    checks = [check_of(scan) for scan in scans]
    todo = [one for one in checks if one.address not in kept or not store.is_whole(THUMBNAIL, one.address)]
    found = pool.map(partial(draw_scan, store=store), todo, f"{cohort}: draw thumbnails")
    lost = sum(isinstance(one, Rejected) for one in found)
    return len(todo) - lost, lost
