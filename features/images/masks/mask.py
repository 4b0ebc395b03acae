"""read_mask: the mask of a Scan on the grid of its image, whatever it comes from."""

from __future__ import annotations

from dataclasses import replace

from features.core.case import Scan
from features.core.kinds.mask import MASKS, Opened
from features.core.region import Volume


def read_mask(scan: Scan, image: Volume, opened: Opened) -> Volume:
    """The mask of a scan: bool (z, y, x) on the image's grid, and what its reader warns of. It may be empty.

    Raises Rejected with the codes of the reader of its kind.
    """
    mask, warnings = MASKS.load(scan.mask.format).read(scan, image, opened)
    return replace(image, array=mask, facts={}, warnings=tuple(warnings), padding=None)
