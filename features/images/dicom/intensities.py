"""rescaled: the values of a series in the unit of its headers; its padding; and whether CT numbers can be true."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected
from features.images.dicom.dataset import numbers, text
from features.images.dicom.frames import Frame
from features.images.dicom.layout import layout

HU_RANGE = (-1100.0, 5000.0)
_INT16 = np.iinfo(np.int16)

Rescale = NDArray[np.float64]  # slope and intercept of each slice, (n, 2)


def rescale_of(frames: Sequence[Frame], modality: str) -> Rescale:
    """Slope and intercept of each slice. Raises Rejected: DICOM_NO_RESCALE (CT, PET), DICOM_MIXED_RESCALE (CT)."""
    if modality in ("CT", "PT") and any(not frame.slope or frame.intercept is None for frame in frames):
        raise Rejected("DICOM_NO_RESCALE", f"a {modality} slice has no RescaleSlope/RescaleIntercept")
    found = np.array([(1.0 if f.slope is None else f.slope, f.intercept or 0.0) for f in frames], dtype=np.float64)
    if modality == "CT" and (found != found[0]).any():
        raise Rejected("DICOM_MIXED_RESCALE", pairs=len(np.unique(found, axis=0)))
    return found


def rescaled(planes: Sequence[NDArray[np.generic]], rescale: Rescale, modality: str) -> NDArray[np.generic]:
    """The series (z, y, x): int16 for a CT with whole rescale values that fit, float32 otherwise."""
    shape = (len(planes), *planes[0].shape)
    slope, intercept = (float(value) for value in rescale[0])
    if modality == "CT" and slope.is_integer() and intercept.is_integer() and abs(slope) <= 1000:
        ends = [slope * value + intercept for plane in planes for value in (int(plane.min()), int(plane.max()))]
        if _INT16.min <= min(ends) and max(ends) <= _INT16.max:
            whole = np.empty(shape, dtype=np.int16)
            factor, summand = (np.array(value).astype(np.int64).astype(np.int16) for value in (slope, intercept))
            for plane, out in zip(planes, whole, strict=True):  # modulo 2**16, which is right because the results fit
                np.add(_int16(plane) if slope == 1 else _int16(plane) * factor, summand, out=out)
            return whole
    array = np.empty(shape, dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        for plane, (slope, intercept), out in zip(planes, rescale, array, strict=True):
            out[:] = plane * slope + intercept
    return array


def inverted(planes: Sequence[NDArray[np.generic]], frames: Sequence[Frame]) -> list[NDArray[np.generic]]:
    """Planes of MONOCHROME1 with bright and dark exchanged, as MONOCHROME2 has them."""
    found = []
    for plane, frame in zip(planes, frames, strict=True):
        low, high = layout(frame.dataset).limits
        found.append(np.subtract(low + high, plane, dtype=np.int64).astype(plane.dtype.newbyteorder("=")))
    return found


def is_inverse(frame: Frame) -> bool:
    """Whether low values are bright."""
    return text(frame.dataset, "PhotometricInterpretation") == "MONOCHROME1"


def padding_limits(frame: Frame, rescale: Rescale) -> tuple[float, float] | None:
    """Lowest and highest padding value after rescale, by PixelPaddingValue and PixelPaddingRangeLimit; None if not told.

    Neither are they where slices have different rescale values.
    """
    tag = numbers(frame.dataset, "PixelPaddingValue", 1)
    if tag is None or (rescale != rescale[0]).any():
        return None
    form = layout(frame.dataset)
    ends = []
    for (value,) in (tag, numbers(frame.dataset, "PixelPaddingRangeLimit", 1) or tag):
        if form.signed and value >= 1 << (form.allocated - 1):  # written as if it were unsigned
            value -= 1 << form.allocated
        ends.append(float(value * rescale[0, 0] + rescale[0, 1]))
    return min(ends), max(ends)


def check_hu(array: NDArray[np.generic], padding: tuple[float, float] | None) -> None:
    """HU_RANGE if the 0.1 % or the 99.9 % percentile cannot be HU, on a sample of about a million voxels.

    Padding is left out; without the tag, it is the one value of all corners if it is lowest.
    """
    step = max(1, array.size // 1_000_000) | 1  # odd, so that no column of the matrix is favoured
    values: NDArray[np.float32] = array.reshape(-1)[::step].astype(np.float32)
    if padding is None:
        corners = array[:, [0, 0, -1, -1], [0, -1, 0, -1]]
        lowest = float(corners.min())
        padding = (lowest, lowest) if lowest == corners.max() and lowest <= values.min() else None
    if padding is not None:
        kept = values[(values < padding[0]) | (values > padding[1])]
        values = kept if kept.size else values
    low, high = (float(value) for value in np.percentile(values, [0.1, 99.9]))
    if not (low >= HU_RANGE[0] and high <= HU_RANGE[1]):
        raise Rejected("HU_RANGE", p0_1_hu=low, p99_9_hu=high)


def _int16(plane: NDArray[np.generic]) -> NDArray[np.int16]:
    """Values modulo 2**16; a view where possible."""
    native = plane.dtype.itemsize == 2 and plane.dtype.isnative
    return plane.view(np.int16) if native else plane.astype(np.int16)
