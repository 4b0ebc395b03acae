"""show_scan: what a contouring network is shown of a scan, with its mask, made on workers and kept in the store."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.core.case import Scan
from features.core.digest import digest_json
from features.core.quarantine import Rejected
from features.core.storage.store import PICTURES, Store
from features.deep.contouring.picture import VERSION, Pixels, mask_of, picture_of
from features.deep.contouring.settings import Contouring
from features.results.attempt import attempt
from features.results.registrations import read_kept
from features.results.work import scan_facts

SHOWS = ("spacing_mm", "window")  # settings that decide what is shown


@dataclass(frozen=True, slots=True)
class Showing:
    """A scan and the address of what is shown of it."""

    scan: Scan
    address: str


def showing_of(scan: Scan, settings: Contouring) -> Showing:
    """Where what is shown of a scan is kept: files, how they are read, and the settings decide it."""
    own = settings.model_dump(mode="json", include=set(SHOWS))
    return Showing(scan, digest_json({**scan_facts(scan), **own, "version": VERSION}))


def show_scan(one: Showing, settings: Contouring, store: Store) -> Rejected | None:
    """Keep what is shown of a scan, unless it is kept; why there is nothing."""
    if store.is_whole(PICTURES, one.address):
        return None

    def make() -> NDArray[np.uint16]:
        region = read_kept(one.scan, store)
        picture = picture_of(region.volume, settings)
        mask = mask_of(region.shape_mask, region.volume, settings)
        if not mask.any():
            raise Rejected("MASK_TINY", "the mask has no voxel at the spacing that the network sees")
        return np.stack([picture.pixels, mask.astype(np.uint16)])

    made = attempt(make)
    if isinstance(made, Rejected):
        return made
    shown = settings.model_dump(mode="json", include=set(SHOWS))
    store.save_array(
        PICTURES, one.address, made, {**scan_facts(one.scan), "shown_as": json.dumps(shown, sort_keys=True)}
    )
    return None


def open_showing(one: Showing, store: Store) -> tuple[Pixels, NDArray[np.bool_]]:
    """What `show_scan` kept. Raises StoreError if it is missing or damaged."""
    kept = store.load_array(PICTURES, one.address)
    if isinstance(kept, Rejected):
        raise AssertionError(f"{one.address}: a rejection among pictures")
    return kept[0][0], kept[0][1] > 0
