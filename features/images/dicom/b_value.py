"""b_value: the diffusion weighting of a slice, where the standard or a vendor writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pydicom.dataset import Dataset

from features.images.dicom.dataset import numbers, quiet, text
from features.images.dicom.frames import functional_group

KEYWORD = "DiffusionBValue"
_BIAS = 1e9  # that GE adds to b-values of some protocols


class Private(NamedTuple):
    """A private element: its group, who has reserved its block, and its last two digits."""

    group: int
    creator: str
    element: int


# Siemens (0019,xx0C); GE (0043,xx39), the first of its numbers; Philips (2001,xx03).
PRIVATE = (
    Private(0x0019, "SIEMENS MR HEADER", 0x0C),
    Private(0x0043, "GEMS_PARM_01", 0x39),
    Private(0x2001, "Philips Imaging DD 001", 0x03),
)


def b_value(dataset: Dataset, groups: Sequence[Dataset] = ()) -> float | None:
    """The b-value in s/mm²; None if nothing tells it.

    dataset: the file; groups: functional groups of a frame. The standard's attribute counts before those of vendors.
    """
    item = functional_group(groups, "MRDiffusionSequence")
    for place in (item, dataset):
        if (told := numbers(place, KEYWORD, 1)) is not None:
            return told[0]
    if text(item, "DiffusionDirectionality") == "NONE":
        return 0.0
    return next((found for one in PRIVATE if (found := _private(dataset, one)) is not None), None)


def plain_b_value(told: float) -> float:
    """A b-value of GE's private element without the bias that some protocols add."""
    return told % _BIAS


def _private(dataset: Dataset, one: Private) -> float | None:
    """The first number of a private element; None if it is absent or damaged."""
    try:
        with quiet():
            value = dataset.private_block(one.group, one.creator)[one.element].value
            if isinstance(value, bytes):
                return None
            found = float(value if isinstance(value, int | float | str) else value[0])
    except Exception:  # absent, or a damaged value, whose conversion can raise anything
        return None
    found = plain_b_value(found) if one.group == 0x0043 else found
    return found if 0 <= found < float("inf") else None
