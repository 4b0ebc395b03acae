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
SCALES = (1.0, 100.0, 255.0, 4095.0, 65535.0)  # highest values of percent, pictures and stored numbers; the lowest is 0
FEW = 1000  # voxels of which percentiles say little
HIGHEST_UPTAKE, IMPOSSIBLE_UPTAKE = 100.0, 1000.0  # 99th percentile; bladder and kidneys, cropped, may be between them
HIGHEST_MEDIAN = 30.0  # half of a tumour, and of a heart, is below
LEAST_BQML = 30.0  # a tumour in Bq/ml is hundreds
LEAST_UM2_S = 50.0  # tissue diffuses at hundreds, water at 3000


def check_unit(
    array: NDArray[np.generic], unit: Unit, *, left_out: NDArray[np.bool_] | None = None, whole: bool = False
) -> tuple[Warned, ...]:
    """UNIT_DOUBTFUL if values may be in another unit; nothing if they can be in this one, as any can in `arbitrary`.

    array: (z, y, x), any real dtype; a sample of about a million voxels is looked at, without NaN, infinite values and
    background. left_out: what is known to be padding, of the array's shape. whole: the image is as the scanner made it;
    a file may hold a part of it, such as a bladder, or what is left under a mask. Of soft tissue alone nothing tells
    whether it was scaled: in percent or as a picture it looks like other soft tissue.

    Raises Rejected where values cannot be in the unit: HU_RANGE, PET_RANGE.
    """
    if unit == "arbitrary":
        return ()
    values, kept = _sample(array, left_out)
    if not kept.size or kept.min() == kept.max():
        return ()
    low, high = (float(value) for value in np.percentile(kept, [0.1, 99.9]))
    if unit == "HU":
        why = _doubt_hu(values, kept, low, high)
    elif unit == "um2/s":
        unscaled = "hardly a value is above 50e-6 mm²/s: they may be in 1e-3 mm²/s, or in mm²/s"
        return (Warned("UNIT_DOUBTFUL", unscaled, _ends(low, high)),) if high <= LEAST_UM2_S else ()
    elif unit == "BQML":
        why = "hardly a value is above 30 Bq/ml: they may be uptake, or in kBq/ml" if high <= LEAST_BQML else ""
    else:
        why = _doubt_uptake(kept, whole=whole)
    if array.dtype == np.uint8 and unit != "BQML":
        why = why or "the values go from 0 to 255, as in a picture"
    why = why or _doubt_ends(values, kept, low)
    return (Warned("UNIT_DOUBTFUL", why, _ends(low, high)),) if why else ()


def _ends(low: float, high: float) -> dict[str, float | int | str]:
    return {"low": round(low, 3), "high": round(high, 3)}


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


def _doubt_ends(values: NDArray[np.float64], kept: NDArray[np.float64], low: float) -> str:
    """Why values may be scaled, by their lowest and highest alone; empty if nothing speaks for it.

    Chance makes whole numbers end at 100 or 255, but not begin at 0, or just above a mask of 0, as well.
    """
    highest = values.max()
    scale = next((one for one in SCALES if abs(highest - one) <= 1e-6 * one), None)
    if scale is None or values.min() < 0:
        return ""
    begins_at_0 = values.min() == 0 and (kept.min() == 0 or low <= 0.02 * scale)
    if not begins_at_0 and (values == np.rint(values)).all():
        return ""
    begin = "the lowest value is exactly 0 and" if begins_at_0 else "no value is below 0 and"
    return f"{begin} the highest exactly {scale:.0f}: they may be scaled"


def _doubt_hu(values: NDArray[np.float64], kept: NDArray[np.float64], low: float, high: float) -> str:
    """Why values may be no HU; empty if nothing speaks for it. Raises Rejected(HU_RANGE)."""
    below, above = float((kept < HU_BOUNDS[0]).mean()), float((kept > HU_BOUNDS[1]).mean())
    wrapped = float((kept > HIGHEST_HU).mean())
    if below > LOW_SHARE[1] or above > HIGH_SHARE[1] or wrapped > IMPOSSIBLE_SHARE:
        raise Rejected("HU_RANGE", p0_1_hu=low, p99_9_hu=high)
    if below > LOW_SHARE[0] or above > HIGH_SHARE[0]:
        return "more voxels than metal has lie outside -1100 to 5000 HU"
    if max(abs(low), abs(high)) <= SMALL_HU:
        return "all values lie between -10 and 10: they may be scaled to 0 to 1, or to a standard deviation"
    if high - low <= SMALL_HU and kept.size >= FEW:
        return "the values differ by less than 10: noise alone is wider, they may be scaled"
    if _is_picture(kept, low, high):
        return "the values go from 0 to 255, as in a picture"
    if _is_percent(kept, low, high):
        return "the values go from 0 to 100: they may be scaled to percent"
    if _is_stored(values, kept, low):
        return "soft tissue seems to be at 1000 or above: the values may be HU + 1024, as a scanner stores them"
    if kept.min() >= 0 and (values[values > 0] <= 10).mean() > 0.15 and _at_top(kept) < 0.005:
        return "no value is below 0, and many are just above it: they may be scaled, or cut off at 0"
    return ""


def _is_picture(kept: NDArray[np.float64], low: float, high: float) -> bool:
    """0 to 255, from air to bone or piled up at 255: blood and soft tissue are narrower, or do not end at 0 and at 255."""
    highest = kept.max()
    if kept.min() < 0 or not 200 < highest <= 255:
        return False
    near = (kept <= 10).mean()
    piled_up = highest == 255 and _at_top(kept) > 0.01
    return bool(piled_up or high - low > (150 if near > 0.02 else 200 if near > 0.004 else np.inf))


def _is_percent(kept: NDArray[np.float64], low: float, high: float) -> bool:
    """0 to 100, from air to bone or piled up at 100: soft tissue is narrower, and a window piles it up elsewhere."""
    highest = kept.max()
    if kept.size < FEW or kept.min() < 0 or highest > 100:
        return False
    return bool(high - low > 75 and _at_top(kept) < 0.005) or bool(highest == 100 and _at_top(kept) > 0.01)


def _at_top(kept: NDArray[np.float64]) -> float:
    """The share of the highest value: a window cuts many off there."""
    return float((kept == kept.max()).mean())


def _is_stored(values: NDArray[np.float64], kept: NDArray[np.float64], low: float) -> bool:
    """Nothing below 0, and what should be soft tissue lies at 900 to 1150, or half of all above 700. Bone is broader.

    Beside lung, soft tissue is a peak of its own: what lies below it is thinner, of bone it is denser.
    """
    if np.percentile(values, 0.1) < 0:
        return False
    tissue, above, air = ((kept >= 900) & (kept <= 1150)).mean(), (kept > 1300).mean(), (values <= 250).mean()
    if above < 0.15 and (tissue > 0.6 or (tissue > 0.3 and air > 0.02)):
        return True
    if kept.min() < 0:
        return False
    thinner = ((kept > 450) & (kept < 850)).mean() / 400 < tissue / 250
    return bool(low > 400 or np.median(kept) > 700 or (tissue > 0.05 and thinner))


def _doubt_uptake(kept: NDArray[np.float64], *, whole: bool) -> str:
    """Why values may be no uptake; empty if nothing speaks for it. Raises Rejected(PET_RANGE)."""
    median, p99 = (float(value) for value in np.percentile(kept, [50, 99]))
    if p99 > (HIGHEST_UPTAKE if whole else IMPOSSIBLE_UPTAKE):
        raise Rejected("PET_RANGE", p99=round(p99, 1))
    if p99 > HIGHEST_UPTAKE:
        return "a hundredth of the voxels is above SUV 100, as of bladder or kidneys alone"
    if median > HIGHEST_MEDIAN:
        return "half of the voxels are above SUV 30, as of a bladder alone"
    if (kept < -0.1).mean() > 0.25 or median < -0.1:
        return "many values are below 0: they may be scaled to a standard deviation"
    if kept.max() > 2 and (kept == np.rint(kept)).all():
        return "all values are whole numbers: they may be as stored, or those of a picture"
    return ""
