"""The check of a scan: what is learnt of it is the region block."""

from __future__ import annotations

import base64
import json

from features.core.case import Scan
from features.core.digest import digest_json
from features.core.quarantine import TRANSIENT, Rejected
from features.core.region import Region
from features.core.storage.store import REGION, THUMBNAIL, Store
from features.images.region import check_region, read_region
from features.images.thumbnail import draw_thumbnail
from features.results.attempt import attempt

BLOCK = REGION
VERSION = "5"  # raise it when the checks or the facts change: every scan is then checked again


def check_address(scan: Scan) -> str:
    """Where the check of a scan is kept."""
    return digest_json({**scan_facts(scan), "version": VERSION})


def scan_facts(scan: Scan) -> dict[str, str]:
    """What decides the pixels of a scan's region."""
    facts = {"image": scan.image.digest, "mask": scan.mask.digest, "roi": scan.roi, "unit": scan.unit}
    facts |= {"modality": scan.modality, "formats": f"{scan.image.format}+{scan.mask.format}"}
    rule = scan.rule.facts()
    return {**facts, "rule": json.dumps(rule, sort_keys=True)} if rule else facts


def keep_check(scan: Scan, region: Region | Rejected, store: Store) -> Rejected | None:
    """Check what was read of a scan and keep the facts or the rejection; returns why the scan does not pass.

    A rejection that may pass is not kept. A thumbnail is kept under the same address, also of a scan that was read and is
    rejected.
    """
    result = region if isinstance(region, Rejected) else attempt(lambda: check_region(region, unit=scan.unit))
    if not isinstance(region, Rejected):
        keep_thumbnail(scan, region, store)
    if not isinstance(result, Rejected):
        store.save(BLOCK, check_address(scan), result.facts, scan_facts(scan), result.warnings)
        return None
    if result.code not in TRANSIENT:
        store.save(BLOCK, check_address(scan), result, scan_facts(scan))
    return result


def keep_thumbnail(scan: Scan, region: Region, store: Store) -> Rejected | None:
    """Draw the thumbnail of a scan and keep it; what is returned is why there is none. No check depends on it.

    Where pixels may show who the patient is (a warning PHI_…), nothing is drawn.
    """
    if any(warning.code.startswith("PHI_") for warning in region.warnings):
        return None
    drawn = attempt(lambda: draw_thumbnail(region, scan.modality))
    if isinstance(drawn, Rejected):
        return drawn
    store.save(THUMBNAIL, check_address(scan), {"png": base64.b64encode(drawn).decode()}, scan_facts(scan))
    return None


def draw_scan(scan: Scan, store: Store) -> Rejected | None:
    """Read a scan again for the thumbnail that an older radweave did not keep; what is returned is why there is none."""
    region = attempt(lambda: read_region(scan))
    return region if isinstance(region, Rejected) else keep_thumbnail(scan, region, store)


def load_thumbnail(store: Store, address: str) -> str:
    """The PNG in base64; "" if none is kept. Raises StoreError if it is damaged."""
    if not address or not store.has(THUMBNAIL, address):
        return ""
    found = store.load(THUMBNAIL, address)
    return "" if isinstance(found, Rejected) else str(found["png"])
