"""After step 6a: the quality page of a cohort."""

from collections.abc import Sequence
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.case import Scan
from features.core.quarantine import Rejected
from features.core.storage.store import THUMBNAIL, Store
from features.results.measure_visit import draw_image
from features.results.picture import drawings_of
from features.results.work import check_of
from tasks.running.pool import Pool


@task(name="quality", cache_policy=NO_CACHE, persist_result=False)
def write_quality_page(store: Store, cohort: str) -> None:
    """The page of what the newest refresh left, with the thumbnails that are kept."""
    from tasks.quality.quality_page import write_quality  # a refresh that changes nothing need not load it

    write_quality(store, cohort)


def draw_missing(scans: Sequence[Scan], store: Store, pool: Pool, cohort: str) -> tuple[int, int]:
    """How many pictures that were damaged or not kept were drawn now, and how many images could not be read for one."""
    kept = store.results().get(THUMBNAIL, set())
    drawings = drawings_of(check_of(scan) for scan in scans)
    todo = [one for one in drawings if one.address not in kept or not store.is_whole(THUMBNAIL, one.address)]
    found = pool.map(partial(draw_image, store=store), todo, f"{cohort}: draw pictures")
    lost = sum(isinstance(one, Rejected) for one in found)
    return len(todo) - lost, lost
