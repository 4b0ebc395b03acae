"""check_unit: can the values of an image be in the unit that is declared? One judgement for DICOM and for files."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.case import Unit
from features.core.quarantine import Rejected, Warned

UPTAKE: tuple[Unit, ...] = ("SUV", "SUL", "SUVbsa")
SAMPLE = 1_000_000  # voxels that are looked at
BACKGROUND = 0.01  # of the voxels
HU_BOUNDS = (-1100.0, 5000.0)  # below is no tissue and no air; above is metal on an extended scale
LOW_SHARE, HIGH_SHARE = (
    (0.005, 0.05),
    (0.01, 0.2),
)  # of the voxels beyond: doubtful above the first, impossible above the second
HIGHEST_HU, IMPOSSIBLE_SHARE = 32767.0, 0.001  # no scale reaches beyond: signed values were read as unsigned
SMALL_HU = 10.0  # noise alone is wider
HIGHEST_UPTAKE, IMPOSSIBLE_UPTAKE = 100.0, 1000.0  # 99th percentile; bladder and kidneys, cropped, may be between them
LEAST_BQML = 30.0  # a tumour in Bq/ml is hundreds


def check_unit(
    array: NDArray[np.generic], unit: Unit, *, left_out: NDArray[np.bool_] | None = None, whole: bool = False
) -> tuple[Warned, ...]:
    """UNIT_DOUBTFUL if values may be in another unit; nothing if they can be in this one, as any can in `arbitrary`.

    array: (z, y, x), any real dtype; a sample of about a million voxels is looked at, without NaN, infinite values and
    background. left_out: what is known to be padding, of the array's shape. whole: the image is as the scanner made it;
    a file may hold a part of it, such as a bladder, or what is left under a mask.

    Raises Rejected where values cannot be in the unit: HU_RANGE, PET_RANGE.
    """
    if unit == "arbitrary":
        return ()
    values, kept = _sample(array, left_out)
    if not kept.size or kept.min() == kept.max():
        return ()
    bytes_only = array.dtype == np.uint8
    if unit == "HU":
        return _check_hu(values, kept, bytes_only=bytes_only)
    if unit == "BQML":
        return _check_activity(kept)
    return _check_uptake(values, kept, bytes_only=bytes_only, whole=whole)


def _sample(
    array: NDArray[np.generic], left_out: NDArray[np.bool_] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Finite values of a sample, and those that are not background: the lowest value, or 0, if no other is as frequent."""
    step = max(1, array.size // SAMPLE) | 1  # odd, so that no column of the matrix is favoured
    values: NDArray[np.float64] = array.reshape(-1)[::step].astype(np.float64)
    if left_out is not None:
        values = values[~left_out.reshape(-1)[::step]]
    values = values[np.isfinite(values)]
    there, counts = np.unique(values, return_counts=True)
    common = there[counts.argmax()] if values.size else 0.0
    if len(there) < 3 or counts.max() < BACKGROUND * values.size or common not in (0.0, there[0]):
        return values, values
    return values, values[values != common]


def _check_hu(values: NDArray[np.float64], kept: NDArray[np.float64], *, bytes_only: bool) -> tuple[Warned, ...]:
    low, high = (float(value) for value in np.percentile(kept, [0.1, 99.9]))
    below, above = float((kept < HU_BOUNDS[0]).mean()), float((kept > HU_BOUNDS[1]).mean())
    wrapped = float((kept > HIGHEST_HU).mean())
    if below > LOW_SHARE[1] or above > HIGH_SHARE[1] or wrapped > IMPOSSIBLE_SHARE:
        raise Rejected("HU_RANGE", p0_1_hu=low, p99_9_hu=high)
    if below > LOW_SHARE[0] or above > HIGH_SHARE[0]:
        return _doubt("more voxels than metal has lie outside -1100 to 5000 HU", low, high)
    if max(abs(low), abs(high)) <= SMALL_HU:
        return _doubt(
            "all values lie between -10 and 10: they may be scaled to 0 to 1, or to a standard deviation", low, high
        )
    if bytes_only or _is_picture(values, kept):
        return _doubt("the values go from 0 to 255, as in a picture", low, high)
    if _is_stored(values, kept):
        return _doubt("soft tissue is at about 1000: the values may be HU + 1024, as a scanner stores them", low, high)
    return ()


def _is_picture(values: NDArray[np.float64], kept: NDArray[np.float64]) -> bool:
    """0 to 255 from air to bone: soft tissue alone is narrower, and does not reach down to 0 in many voxels."""
    low, high = np.percentile(kept, [0.1, 99.9])
    return bool(values.min() >= 0 and 200 < values.max() <= 255 and high - low > 150 and (values <= 10).mean() > 0.02)


def _is_stored(values: NDArray[np.float64], kept: NDArray[np.float64]) -> bool:
    """Fat and soft tissue at 900 to 1150, hardly anything above, and air or nothing below it. Bone is broader."""
    if np.percentile(values, 0.1) < 0:
        return False
    tissue, above, air = ((kept >= 900) & (kept <= 1150)).mean(), (kept > 1300).mean(), (values <= 250).mean()
    return bool(above < 0.15 and (tissue > 0.6 or (tissue > 0.3 and air > 0.02)))


def _check_uptake(
    values: NDArray[np.float64], kept: NDArray[np.float64], *, bytes_only: bool, whole: bool
) -> tuple[Warned, ...]:
    low, median, p99 = (float(value) for value in np.percentile(kept, [0.1, 50, 99]))
    if p99 > (HIGHEST_UPTAKE if whole else IMPOSSIBLE_UPTAKE):
        raise Rejected("PET_RANGE", p99=round(p99, 1))
    if p99 > HIGHEST_UPTAKE:
        return _doubt("a hundredth of the voxels is above SUV 100, as of bladder or kidneys alone", low, p99)
    if bytes_only:
        return _doubt("the values go from 0 to 255, as in a picture", low, p99)
    if (values.min(), values.max()) == (0.0, 1.0):
        return _doubt("the lowest value is exactly 0 and the highest exactly 1: they may be scaled", low, p99)
    if (kept < -0.1).mean() > 0.25 or median < -0.1:
        return _doubt("many values are below 0: they may be scaled to a standard deviation", low, p99)
    return ()


def _check_activity(kept: NDArray[np.float64]) -> tuple[Warned, ...]:
    low, high = (float(value) for value in np.percentile(kept, [0.1, 99.9]))
    if high > LEAST_BQML:
        return ()
    return _doubt("hardly a value is above 30 Bq/ml: they may be uptake, or in kBq/ml", low, high)


def _doubt(why: str, low: float, high: float) -> tuple[Warned, ...]:
    return (Warned("UNIT_DOUBTFUL", why, {"low": round(low, 3), "high": round(high, 3)}),)
