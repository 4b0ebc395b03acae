"""The check of a scan: what is learnt of it is the region block."""

from __future__ import annotations

from features.core.case import Scan
from features.core.errors import DamagedError
from features.core.quarantine import TRANSIENT, Rejected
from features.core.region import Region
from features.core.storage.store import Store
from features.images.region import check_region
from features.results.attempt import attempt
from features.results.work import Work, check_of, scan_facts

NOTE = "note"  # in the provenance of a check: by which the image is read again


def keep_check(work: Work, region: Region | Rejected, store: Store) -> Rejected | None:
    """Check what was read of a scan and keep the facts or the rejection; returns why the scan does not pass.

    A rejection that may pass is not kept. With the facts is kept what the reader of the image noted.
    """
    if isinstance(region, Rejected):
        return _keep_rejection(work, region, store)
    result = attempt(lambda: check_region(region, unit=work.scan.unit))
    if isinstance(result, Rejected):
        return _keep_rejection(work, result, store)
    noted = {NOTE: region.volume.note} if region.volume.note else {}
    store.save(work.block, work.address, result.facts, {**scan_facts(work.scan), **noted}, result.warnings)
    return None


def _keep_rejection(work: Work, rejected: Rejected, store: Store) -> Rejected:
    if rejected.code not in TRANSIENT:
        store.save(work.block, work.address, rejected, scan_facts(work.scan))
    return rejected


def note_of(scan: Scan, store: Store) -> str:
    """What the reader of an image noted when a scan passed its check; "" where work/ does not hold it any more."""
    check = check_of(scan)
    if not store.has(check.block, check.address):
        return ""
    try:
        return store.provenance(check.block, check.address).get(NOTE, "")
    except DamagedError:
        return ""  # the image is read as for the first time
