"""Statistics of numbers as IBSI has them, of intensities and of grey levels alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.portable import power


def statistics(values: NDArray[np.float64]) -> list[float]:
    """The sixteen features that intensities and grey levels share, in IBSI's order."""
    mean, median = float(values.mean()), float(np.median(values))
    centred = values - mean if np.ptp(values) else np.zeros(len(values))  # no trace of rounding of the mean
    variance = float((centred**2).mean())
    p10, p25, p75, p90 = (float(p) for p in np.percentile(values, (10, 25, 75, 90)))
    middle = values[(values >= p10) & (values <= p90)]
    lowest, highest = float(values.min()), float(values.max())
    return [
        mean,
        variance,
        _ratio(float(power(centred, 3).mean()), variance**1.5),
        _ratio(float(power(centred, 4).mean()), variance**2) - 3,
        median,
        lowest,
        p10,
        p90,
        highest,
        p75 - p25,
        highest - lowest,
        float(np.abs(centred).mean()),
        float(np.abs(middle - middle.mean()).mean()) if len(middle) else float("nan"),
        float(np.abs(values - median).mean()),
        _ratio(float(np.sqrt(variance)), mean),
        _ratio(p75 - p25, p75 + p25),
    ]


def _ratio(above: float, below: float) -> float:
    return above / below if below else float("nan")
