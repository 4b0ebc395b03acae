"""direction_weights: how much each direction counts where directions are merged before features are computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.portable import exp
from features.core.region import Vector
from features.radiomics.lattice import Offset
from features.radiomics.roi import Roi


def direction_weights(roi: Roi, family: Literal["glcm", "glrlm"]) -> NDArray[np.float64]:
    """Weight of each direction of a family's matrices, in the norm of the ROI's settings."""
    lattice = roi.lattice
    offsets = lattice.chosen if family == "glcm" else [lattice.near[number] for number in lattice.lined]
    return weights_along(offsets, roi.spacing_mm, roi.settings.weighting or "euclidean", family)


def weights_along(
    offsets: Sequence[Offset], spacing_mm: Vector, norm: str, family: Literal["glcm", "glrlm"]
) -> NDArray[np.float64]:
    """Weight of each offset (z, y, x): its length in mm (glrlm), or exp(−length²) (glcm).

    The length is measured in the norm (manhattan, euclidean, infinity); `no_weighting` is 1 for all.
    """
    steps = np.abs(np.array(offsets, np.float64).reshape(-1, 3)) * np.array(spacing_mm)[::-1]
    if norm == "no_weighting":
        return np.ones(len(steps))
    order = {"manhattan": 1.0, "euclidean": 2.0, "infinity": np.inf}[norm]
    lengths: NDArray[np.float64] = np.linalg.norm(steps, order, axis=1)
    return exp(-(lengths**2)) if family == "glcm" else lengths
