"""The quality step: every scan is read once and checked; what is learnt of it is the region block."""

from __future__ import annotations

import json

from features.core.case import Scan
from features.core.digest import digest_json
from features.core.quarantine import TRANSIENT, Rejected
from features.core.store import Store
from features.images.region import check_region, read_region
from features.results.guard import guarded

BLOCK = "region"
VERSION = "2"  # raise it when the checks or the facts change: every scan is then checked again


def check_address(scan: Scan) -> str:
    """Where the check of a scan is kept."""
    return digest_json({**scan_facts(scan), "version": VERSION})


def scan_facts(scan: Scan) -> dict[str, str]:
    """What decides the pixels of a scan's region."""
    facts = {"image": scan.image.digest, "mask": scan.mask.digest, "roi": scan.roi, "unit": scan.unit}
    facts |= {"modality": scan.modality, "formats": f"{scan.image.format}+{scan.mask.format}"}
    rule = scan.rule.facts()
    return {**facts, "rule": json.dumps(rule, sort_keys=True)} if rule else facts


def check_scan(scan: Scan, store: Store) -> Rejected | None:
    """Check a scan and keep the facts or the rejection; what is returned is a rejection that is not kept."""
    result = guarded(lambda: check_region(read_region(scan), unit=scan.unit))
    if isinstance(result, Rejected):
        if result.code in TRANSIENT:
            return result
        store.save(BLOCK, check_address(scan), result, scan_facts(scan))
    else:
        store.save(BLOCK, check_address(scan), result.facts, scan_facts(scan), result.warnings)
    return None
