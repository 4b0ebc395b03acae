"""Registrations in the store: each pair of images is registered once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from features.core.case import Scan
from features.core.quarantine import Rejected
from features.core.region import Region
from features.core.storage.store import REGISTRATION, Store
from features.images.reading import Reading
from features.images.region import read_region
from features.images.registration.kept import InMemory
from features.images.registration.registered import Registered
from features.results.label_maps import KeptLabelMaps


def read_kept(scan: Scan, store: Store) -> Region:
    """The region of one scan, as `read_region` gives it; what the store holds of it, registrations
    and label maps that programs made, is not made again."""
    return read_region(scan, Reading(KeptRegistrations(store), label_maps=KeptLabelMaps(store)))


class KeptRegistrations:
    """Registrations in work/registration. That a pair failed is known for one visit: its scans' checks keep it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._failed = InMemory()

    def get(self, address: str, decided_by: Mapping[str, str], make: Callable[[], Registered]) -> Registered:
        """The registration under an address, made and kept if there is none. Raises the Rejected that it ended with."""
        if self.store.is_whole(REGISTRATION, address):
            kept = self.store.load(REGISTRATION, address)
            if not isinstance(kept, Rejected):
                return Registered.from_values(kept)
        found = self._failed.get(address, decided_by, make)
        self.store.save(REGISTRATION, address, found.values(), decided_by)
        return found
