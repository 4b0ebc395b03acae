"""rescaled: the values of a series in the unit of its headers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected
from features.images.dicom.dataset import text
from features.images.dicom.frames import Frame
from features.images.dicom.layout import layout

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


def _int16(plane: NDArray[np.generic]) -> NDArray[np.int16]:
    """Values modulo 2**16; a view where possible."""
    native = plane.dtype.itemsize == 2 and plane.dtype.isnative
    return plane.view(np.int16) if native else plane.astype(np.int16)
