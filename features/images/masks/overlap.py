"""find_overlaps: regions of one image that share voxels, where the catalog says that none may."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.quarantine import Rejected
from features.core.region import Box

Mask = NDArray[np.bool_]


def find_overlaps(masks: Mapping[str, Mask]) -> dict[str, Rejected]:
    """Word → ROI_OVERLAP, of each region (z, y, x) that shares voxels with another one: with which first, and how many."""
    boxes = {word: bounding_box(mask) for word, mask in masks.items() if mask.any()}
    found: dict[str, Rejected] = {}
    for one, other in combinations(boxes, 2):
        box = _common(boxes[one], boxes[other])
        shared = int(np.count_nonzero(masks[one][box] & masks[other][box])) if box else 0
        if shared:
            message = f'the regions "{one}" and "{other}" overlap, and the catalog says overlap: reject'
            for word in (one, other):
                found.setdefault(word, Rejected("ROI_OVERLAP", message, voxels=shared))
    return found


def _common(one: Box, other: Box) -> Box | None:
    """What two boxes share."""
    z, y, x = (slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(one, other, strict=True))
    return (z, y, x) if all(axis.start < axis.stop for axis in (z, y, x)) else None
