"""combine_masks: the mask that several masks of one image make up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected
from features.core.roi_expression import Sign

Mask = NDArray[np.bool_]


def combine_masks(terms: Iterable[tuple[Sign, Mask | None]], expression: str) -> Mask:
    """Masks (z, y, x) of one grid added or taken away, from left to right; None is a region that the image has not.

    The masks are left as they are. Raises Rejected(MASK_EMPTY) if no voxel remains; its message names the `expression`,
    words of the catalog.
    """
    found: Mask | None = None
    for sign, mask in terms:
        if mask is None:
            continue
        if found is None:
            found = mask.copy() if sign == "+" else np.zeros(mask.shape, np.bool_)
        elif sign == "+":
            found |= mask
        else:
            found &= ~mask
    if found is None or not found.any():
        raise Rejected("MASK_EMPTY", f'no voxel remains of "{expression}"')
    return found
