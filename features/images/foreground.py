"""foreground: the intensities of an image that normalisers go by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected


def values_above(image: NDArray[np.generic], level: float) -> NDArray[np.float64]:
    """Finite intensities above a level, one dimension, perhaps none."""
    values = image[image > level].astype(np.float64)  # type: ignore[operator]
    return values[np.isfinite(values)]


def values_above_mean(image: NDArray[np.generic]) -> NDArray[np.float64]:
    """Finite intensities above the mean of the whole image: the body without most of the air round it (Nyúl & Udupa)."""
    finite = image[np.isfinite(image)]
    return values_above(image, float(finite.mean(dtype=np.float64)) if finite.size else 0.0)


def no_contrast() -> Rejected:
    """The rejection of an image whose intensities do not differ."""
    return Rejected("IMAGE_FLAT", "the image has no contrast to normalise by")
