"""Where registrations are kept: a pair of images is registered once, whatever the number of ROIs and recipes that want it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Protocol

from features.core.case import DrawnOn, Scan
from features.core.digest import digest_json
from features.core.quarantine import Rejected
from features.core.registration import TEMPLATE
from features.images.registration.register import VERSION
from features.images.registration.registered import Registered


class Registrations(Protocol):
    """What keeps registrations by the address of their pair."""

    def get(self, address: str, decided_by: Mapping[str, str], make: Callable[[], Registered]) -> Registered:
        """The registration that is kept, or is made now and kept. Raises the Rejected that it ended with."""


class InMemory:
    """Registrations of one visit, kept as long as it is measured."""

    def __init__(self) -> None:
        self._found: dict[str, Registered | Rejected] = {}

    def get(self, address: str, decided_by: Mapping[str, str], make: Callable[[], Registered]) -> Registered:  # noqa: ARG002
        """As `Registrations.get`."""
        if address not in self._found:
            try:
                self._found[address] = make()
            except Rejected as rejected:
                self._found[address] = rejected
        found = self._found[address]
        if isinstance(found, Rejected):
            raise found
        return found


def pair_facts(scan: Scan, drawn: DrawnOn) -> dict[str, str]:
    """What decides the registration of a scan's image to the one that its mask was drawn on: files, how they are read, settings.

    From which shift on a warning is given does not decide it.
    """
    if drawn.registration is None:
        raise ValueError("the image is in the frame of reference of the one that its mask was drawn on")
    sides = {"moving": (scan.image, scan.unit, scan.rule, scan.calculation)}
    sides["fixed"] = (drawn.image, drawn.unit, drawn.rule, drawn.calculation)
    facts = {"kind": drawn.registration.kind, "version": VERSION}
    facts["to"] = TEMPLATE if drawn.registration.to == TEMPLATE else "image"
    for side, (image, unit, rule, calculation) in sides.items():
        read: dict[str, object] = {"unit": unit, "format": image.format, "volume": rule.volume, "regrid": rule.regrid}
        read["calculation"] = calculation.model_dump(mode="json") if calculation is not None else None
        facts |= {side: image.digest, f"{side}_read": json.dumps(read, sort_keys=True)}
    return facts


def pair_address(scan: Scan, drawn: DrawnOn) -> str:
    """The address of that registration in the store."""
    return digest_json(pair_facts(scan, drawn))
