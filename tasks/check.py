"""Step 2: check every scan once."""

from collections.abc import Sequence
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.case import Scan
from features.core.quarantine import Rejected
from features.results.check import BLOCK, check_address, check_scan
from features.results.ledger import Ledger
from features.results.weave import region_prefix
from tasks.pool import Pool


@task(name="check", cache_policy=NO_CACHE, persist_result=False)
def check_scans(scans: Sequence[Scan], ledger: Ledger, pool: Pool, cohort: str) -> list[Scan]:
    """The scans that passed; facts or rejections are kept in work/region, what does not last in the ledger."""
    todo = [scan for scan in scans if not ledger.knows(BLOCK, region_prefix(scan.modality), check_address(scan))]
    found = pool.map(partial(check_scan, store=ledger.store), todo, f"{cohort}: check scans")
    for scan, outcome in zip(todo, found, strict=True):
        if isinstance(outcome, Rejected):
            ledger.lost(check_address(scan), outcome)
    return [s for s in scans if ledger.rejection(BLOCK, region_prefix(s.modality), check_address(s)) is None]
