"""Statistics of numbers as IBSI has them, of intensities and of grey levels alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.portable import power
from features.radiomics.voxels.order import median, percentile


def statistics(values: NDArray[np.float64], ordered: NDArray[np.float64]) -> list[float]:
    """The sixteen features that intensities and grey levels share, in IBSI's order. ordered: the values, sorted."""
    mean, middle_one = float(values.mean()), median(ordered)
    centred = values - mean if np.ptp(values) else np.zeros(len(values))  # no trace of rounding of the mean
    variance = float((centred**2).mean())
    p10, p25, p75, p90 = (percentile(ordered, percent) for percent in (10, 25, 75, 90))
    middle = values[(values >= p10) & (values <= p90)]
    lowest, highest = float(ordered[0]), float(ordered[-1])
    return [
        mean,
        variance,
        _ratio(float(power(centred, 3).mean()), variance**1.5),
        _ratio(float(power(centred, 4).mean()), variance**2) - 3,
        middle_one,
        lowest,
        p10,
        p90,
        highest,
        p75 - p25,
        highest - lowest,
        float(np.abs(centred).mean()),
        float(np.abs(middle - middle.mean()).mean()) if len(middle) else float("nan"),
        float(np.abs(values - middle_one).mean()),
        _ratio(float(np.sqrt(variance)), mean),
        _ratio(p75 - p25, p75 + p25),
    ]


def _ratio(above: float, below: float) -> float:
    return above / below if below else float("nan")
