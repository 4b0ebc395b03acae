"""direction_weights: how much each direction counts where directions are merged before features are computed."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.portable import exp
from features.radiomics.roi import Roi


def direction_weights(roi: Roi, family: Literal["glcm", "glrlm"]) -> NDArray[np.float64]:
    """Weight of each direction of a family's matrices: its length in mm (glrlm), or exp(−length²) (glcm).

    The length is measured in the norm that the settings name; `no_weighting` is 1 for all.
    """
    lattice = roi.lattice
    offsets = lattice.chosen if family == "glcm" else [lattice.near[number] for number in lattice.lined]
    steps = np.abs(np.array(offsets, np.float64).reshape(-1, 3)) * np.array(roi.spacing_mm)[::-1]
    if roi.settings.weighting == "no_weighting":
        return np.ones(len(steps))
    norm = {"manhattan": 1.0, "euclidean": 2.0, "infinity": np.inf}[roi.settings.weighting or "euclidean"]
    lengths: NDArray[np.float64] = np.linalg.norm(steps, norm, axis=1)
    return exp(-(lengths**2)) if family == "glcm" else lengths
