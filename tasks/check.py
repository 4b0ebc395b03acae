"""Step 2: check every scan once."""

from collections.abc import Sequence
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.case import Scan
from features.core.store import Store
from features.results.check import check_address, check_scan, is_usable
from tasks.pool import Pool


@task(name="check", cache_policy=NO_CACHE, persist_result=False)
def check_scans(scans: Sequence[Scan], store: Store, pool: Pool, cohort: str) -> list[Scan]:
    """The scans that passed; facts or rejections are kept in work/region."""
    todo = [scan for scan in scans if not store.has("region", check_address(scan))]
    pool.map(partial(check_scan, store=store), todo, f"{cohort}: check scans")
    return [scan for scan in scans if is_usable(scan, store)]
