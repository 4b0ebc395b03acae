"""weights_along: how much each direction counts where directions are merged before features are computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.portable import exp
from features.core.region import Vector
from features.radiomics.voxels.lattice import Offset


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
