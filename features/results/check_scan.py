"""The check of a scan: what is learnt of it is the region block."""

from __future__ import annotations

from features.core.quarantine import TRANSIENT, Rejected
from features.core.region import Region
from features.core.storage.store import Store
from features.images.region import check_region
from features.results.attempt import attempt
from features.results.work import Work, scan_facts


def keep_check(work: Work, region: Region | Rejected, store: Store) -> Rejected | None:
    """Check what was read of a scan and keep the facts or the rejection; returns why the scan does not pass.

    A rejection that may pass is not kept.
    """
    result = region if isinstance(region, Rejected) else attempt(lambda: check_region(region, unit=work.scan.unit))
    if not isinstance(result, Rejected):
        store.save(work.block, work.address, result.facts, scan_facts(work.scan), result.warnings)
        return None
    if result.code not in TRANSIENT:
        store.save(work.block, work.address, result, scan_facts(work.scan))
    return result
