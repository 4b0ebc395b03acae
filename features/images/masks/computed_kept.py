"""Where label maps that commands and networks make are kept: each is made once, whatever the number of its ROIs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Protocol

from features.core.case import Scan
from features.core.digest import digest_json
from features.core.kinds.mask import LabelArray
from features.core.quarantine import TRANSIENT, Rejected


class LabelMaps(Protocol):
    """What keeps label maps by the digest of what decides them."""

    def get(self, decided_by: Mapping[str, str], make: Callable[[], LabelArray]) -> LabelArray:
        """The label map that is kept, or is made now and kept. Raises the Rejected that it ended with."""


class InMemory:
    """Label maps of one visit. That one failed is known as long, too, unless it may pass."""

    def __init__(self) -> None:
        self._found: dict[str, LabelArray | Rejected] = {}

    def get(self, decided_by: Mapping[str, str], make: Callable[[], LabelArray]) -> LabelArray:
        """As `LabelMaps.get`."""
        address = digest_json(decided_by)
        if address not in self._found:
            try:
                self._found[address] = make()
            except Rejected as rejected:
                if rejected.code in TRANSIENT:
                    raise
                self._found[address] = rejected
        found = self._found[address]
        if isinstance(found, Rejected):
            raise found
        return found


def image_facts_of(scan: Scan) -> dict[str, str]:
    """What decides the voxels of the image of a scan."""
    read = {"unit": scan.unit, "format": scan.image.format, "volume": scan.rule.volume, "regrid": scan.rule.regrid}
    calculation = scan.calculation.model_dump(mode="json") if scan.calculation is not None else None
    return {"image": scan.image.digest, "read": json.dumps({**read, "calculation": calculation}, sort_keys=True)}


def computed_address(scan: Scan, decided_by: Mapping[str, str]) -> str:
    """The address in the store of the label map of a scan's image."""
    return digest_json({**image_facts_of(scan), **decided_by})
