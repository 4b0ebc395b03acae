"""The picture of a registered pair of images, kept beside the check of the first ROI that was brought over."""

from __future__ import annotations

import base64
from collections.abc import Set
from itertools import chain

from features.core.quarantine import Rejected
from features.core.storage.store import Store
from features.images.reading import Reading
from features.images.registration.kept import pair_address
from features.images.registration.picture import draw_pair
from features.results.attempt import attempt
from features.results.work import Work, scan_facts

PAIR_PICTURE = "registration_picture"  # block of work/


def keep_pair_picture(check: Work, reading: Reading, store: Store, drawn: Set[str]) -> str:
    """Draw the pair that a checked scan was registered by, unless it is among `drawn`; returns its address, "" if it is no pair.

    What was read for the check is not read again. Nothing is drawn where an image may show who the patient is (a warning
    PHI_…), or where drawing fails: no check depends on it.
    """
    scan = check.scan
    if scan.drawn_on is None or scan.drawn_on.registration is None:
        return ""
    address = pair_address(scan, scan.drawn_on)
    pair = attempt(lambda: reading.pair(scan)) if address not in drawn else None
    if pair is None or isinstance(pair, Rejected) or not pair.mask.any():
        return address
    told = chain(pair.moving.warnings, pair.fixed.warnings)
    if any(warning.code.startswith("PHI_") for warning in told):
        return address
    png = attempt(lambda: draw_pair(pair.moving, pair.fixed, pair.mask, pair.registered.transform))
    if not isinstance(png, Rejected):
        store.save(PAIR_PICTURE, check.address, {"png": base64.b64encode(png).decode()}, scan_facts(scan))
    return address


def load_pair_picture(store: Store, check: str) -> str:
    """The PNG in base64, by the address of a check; "" if none is kept there. Raises StoreError if it is damaged."""
    if not check or not store.has(PAIR_PICTURE, check):
        return ""
    found = store.load(PAIR_PICTURE, check)
    return "" if isinstance(found, Rejected) else str(found["png"])
