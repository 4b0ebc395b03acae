"""The check of a scan: what is learnt of it is the region block."""

from __future__ import annotations

import base64

from features.core.quarantine import TRANSIENT, Rejected
from features.core.region import Region
from features.core.storage.store import THUMBNAIL, Store
from features.images.region import check_region
from features.images.thumbnail import draw_thumbnail
from features.results.attempt import attempt
from features.results.registrations import read_kept
from features.results.work import Work, scan_facts


def keep_check(work: Work, region: Region | Rejected, store: Store) -> Rejected | None:
    """Check what was read of a scan and keep the facts or the rejection; returns why the scan does not pass.

    A rejection that may pass is not kept. A thumbnail is kept under the same address, also of a scan that was read and is
    rejected.
    """
    result = region if isinstance(region, Rejected) else attempt(lambda: check_region(region, unit=work.scan.unit))
    if not isinstance(region, Rejected):
        keep_thumbnail(work, region, store)
    if not isinstance(result, Rejected):
        store.save(work.block, work.address, result.facts, scan_facts(work.scan), result.warnings)
        return None
    if result.code not in TRANSIENT:
        store.save(work.block, work.address, result, scan_facts(work.scan))
    return result


def keep_thumbnail(work: Work, region: Region, store: Store) -> Rejected | None:
    """Draw the thumbnail of a scan and keep it; what is returned is why there is none. No check depends on it.

    Where pixels may show who the patient is (a warning PHI_…), nothing is drawn.
    """
    if any(warning.code.startswith("PHI_") for warning in region.warnings):
        return None
    drawn = attempt(lambda: draw_thumbnail([region], work.scan.modality))
    if isinstance(drawn, Rejected):
        return drawn
    store.save(THUMBNAIL, work.address, {"png": base64.b64encode(drawn).decode()}, scan_facts(work.scan))
    return None


def draw_scan(work: Work, store: Store) -> Rejected | None:
    """Read a scan again for the thumbnail that an older radweave did not keep; what is returned is why there is none."""
    region = attempt(lambda: read_kept(work.scan, store))
    return region if isinstance(region, Rejected) else keep_thumbnail(work, region, store)


def load_thumbnail(store: Store, address: str) -> str:
    """The PNG in base64; "" if none is kept. Raises StoreError if it is damaged."""
    if not address or not store.has(THUMBNAIL, address):
        return ""
    found = store.load(THUMBNAIL, address)
    return "" if isinstance(found, Rejected) else str(found["png"])
