"""Label maps in the store: what a command or a network makes of an image is made once, whatever ROIs are taken of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from features.core.digest import digest_json
from features.core.kinds.mask import LabelArray
from features.core.quarantine import Rejected
from features.core.storage.store import LABEL_MAPS, Store
from features.images.masks.computed_kept import InMemory


class KeptLabelMaps:
    """Label maps in work/label_maps. That one failed is known for one visit: its scans' checks keep it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._found = InMemory()

    def get(self, decided_by: Mapping[str, str], make: Callable[[], LabelArray]) -> LabelArray:
        """The label map of these facts, made and kept if there is none. Raises the Rejected that it ended with."""
        return self._found.get(decided_by, lambda: self._kept(decided_by, make))

    def _kept(self, decided_by: Mapping[str, str], make: Callable[[], LabelArray]) -> LabelArray:
        address = digest_json(decided_by)
        if self.store.is_whole(LABEL_MAPS, address):
            kept = self.store.load_array(LABEL_MAPS, address)
            if not isinstance(kept, Rejected):
                return kept[0]
        found = make()
        self.store.save_array(LABEL_MAPS, address, found, decided_by)
        return found
