"""labels_of: the numbers that a label map holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected
from features.images.formats.volume import read_layers

MOST_LABELS = 500  # of lesions in a patient; an image taken for a label map has thousands


def labels_of(path: Path) -> tuple[int, ...]:
    """The labels above 0 of a label map, of all its layers, in order; at least one.

    Raises Rejected: MASK_EMPTY, MASK_VALUES (decimals, numbers below 0, over 500 different ones), and the codes of
    `read_volume`.
    """
    found: set[int] = set()
    for layer in read_layers(path):
        found |= _labels(layer.array)
        if len(found) > MOST_LABELS + 1:
            raise Rejected("MASK_VALUES", f"over {MOST_LABELS} different numbers are no labels of lesions")
    if min(found) < 0:
        raise Rejected("MASK_VALUES", "numbers below 0 are no labels of lesions")
    labels = tuple(sorted(found - {0}))
    if not labels:
        raise Rejected("MASK_EMPTY")
    return labels


def _labels(array: NDArray[np.generic]) -> set[int]:
    """The whole numbers of an array, slice by slice: a sort of all its voxels would take a while."""
    found: set[int] = set()
    for plane in array:
        values = np.unique(plane)
        if values.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                if not (np.abs(values - np.rint(values)) <= 1e-6).all():
                    raise Rejected("MASK_VALUES")
            values = np.rint(values)
        found.update(int(value) for value in values)
        if len(found) > MOST_LABELS + 1:
            break
    return found
