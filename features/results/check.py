"""The quality step: every scan is read once and checked; what is learnt of it is the region block."""

from __future__ import annotations

from features.core.case import Scan
from features.core.digest import digest_json
from features.core.quarantine import Rejected
from features.core.store import Store
from features.images.region import check_region, read_region
from features.results.guard import guarded

BLOCK = "region"
VERSION = "1"  # raise it when the checks or the facts change: every scan is then checked again


def check_address(scan: Scan) -> str:
    """Where the check of a scan is kept."""
    return digest_json({**scan_facts(scan), "version": VERSION})


def scan_facts(scan: Scan) -> dict[str, str]:
    """What decides the pixels of a scan's region."""
    facts = {"image": scan.image.digest, "mask": scan.mask.digest, "roi": scan.roi, "unit": scan.unit}
    return {**facts, "modality": scan.modality, "formats": f"{scan.image.format}+{scan.mask.format}"}


def check_scan(scan: Scan, store: Store) -> bool:
    """Check a scan if that was not done before, keep the facts or the rejection; True if it was computed now."""
    address = check_address(scan)
    if store.has(BLOCK, address):
        return False
    store.save(BLOCK, address, guarded(lambda: check_region(read_region(scan))), scan_facts(scan))
    return True


def is_usable(scan: Scan, store: Store) -> bool:
    """Whether the check of a scan was passed."""
    address = check_address(scan)
    return store.has(BLOCK, address) and not isinstance(store.load(BLOCK, address), Rejected)
