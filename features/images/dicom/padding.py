"""padding_of: the voxels of a series that its files mark as beyond the field of view, by their stored values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from features.images.dicom.dataset import numbers
from features.images.dicom.frames import Frame, functional_group
from features.images.dicom.layout import Layout, layout
from features.images.dicom.pixels import Stored

# Where a file that was converted to frames keeps what its slices did not share.
_CONVERTED = ("UnassignedPerFrameConvertedAttributesSequence", "UnassignedSharedConvertedAttributesSequence")


def padding_of(planes: Sequence[Stored], frames: Sequence[Frame]) -> NDArray[np.bool_] | None:
    """Padding (z, y, x) by PixelPaddingValue and PixelPaddingRangeLimit of each slice; None if no voxel is.

    Stored values are judged, before rescale, look-up table or inversion, and each slice by its own attributes: one that
    has none has no padding. A value that BitsStored cannot hold is looked for in all allocated bits.
    """
    found: NDArray[np.bool_] | None = None
    for k, (plane, frame) in enumerate(zip(planes, frames, strict=True)):
        ends = _ends(frame)
        if ends is None:
            continue
        form = layout(frame.dataset)
        low, high = sorted(_as_stored(end, form) for end in ends)
        least, most = form.limits
        array = plane.values if least <= low and high <= most else plane.words
        marked = (array == low) if low == high else (array >= low) & (array <= high)  # type: ignore[operator]
        if marked.any():
            if found is None:
                found = np.zeros((len(planes), *plane.values.shape), np.bool_)
            found[k] = marked
    return found


def _ends(frame: Frame) -> tuple[int, int] | None:
    """Padding value and range limit as the header writes them; None if it tells no whole number."""
    places: list[Dataset] = [frame.dataset, *(functional_group(frame.groups, keyword) for keyword in _CONVERTED)]
    for place in places:
        value = numbers(place, "PixelPaddingValue", 1)
        if value is not None and value[0].is_integer():
            limit = numbers(place, "PixelPaddingRangeLimit", 1) or value
            return int(value[0]), int(limit[0] if limit[0].is_integer() else value[0])
    return None


def _as_stored(value: int, form: Layout) -> int:
    """The value as it stands in the pixel data: headers write signed ones as unsigned and the other way round."""
    word = value % (1 << form.allocated)
    return word - (1 << form.allocated) if form.signed and word >> (form.allocated - 1) else word
