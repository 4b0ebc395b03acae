"""Registrations in the store: each pair of images is registered once, and a pair that failed is not tried again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from features.core.case import Scan
from features.core.quarantine import Rejected
from features.core.region import Region
from features.core.storage.store import REGISTRATION, Store
from features.images.reading import Reading
from features.images.region import read_region
from features.images.registration.registered import Registered


def read_kept(scan: Scan, store: Store) -> Region:
    """The region of one scan, as `read_region` gives it; images that the store knows as registered are not registered again."""
    return read_region(scan, Reading(KeptRegistrations(store)))


@dataclass(frozen=True)
class KeptRegistrations:
    """Registrations in work/registration."""

    store: Store

    def get(self, address: str, decided_by: Mapping[str, str], make: Callable[[], Registered]) -> Registered:
        """The registration under an address, made and kept if there is none. Raises the Rejected that it ended with."""
        if not self.store.is_whole(REGISTRATION, address):
            try:
                found = make()
            except Rejected as rejected:
                self.store.save(REGISTRATION, address, rejected, decided_by)
                raise
            self.store.save(REGISTRATION, address, found.values(), decided_by)
            return found
        kept = self.store.load(REGISTRATION, address)
        if isinstance(kept, Rejected):
            raise kept
        return Registered.from_values(kept)
