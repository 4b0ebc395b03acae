"""intensity_histogram (IBSI ZVCW): of the grey levels inside the intensity mask, in space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.families.family import Family
from features.radiomics.formulas.entropy import entropy
from features.radiomics.formulas.slices import Values
from features.radiomics.formulas.statistics import statistics
from features.radiomics.voxels.order import ordered


class IntensityHistogram(Family):
    """The gradients are central differences, one-sided at both ends; NaN for a single bin."""

    kind: Literal["intensity_histogram"] = "intensity_histogram"

    def by_ibsi(self, roi: IbsiRoi, wanted: Sequence[Aggregation]) -> Values:  # noqa: ARG002
        levels = roi.levels.values.astype(np.float64)
        counts = np.bincount(roi.levels.values, minlength=roi.level_count + 1)[1:].astype(np.float64)
        frequent = np.flatnonzero(counts == counts.max()) + 1.0
        mode = float(frequent[np.argmin(np.abs(frequent - levels.mean()))])
        p = counts / len(levels)
        found = [*statistics(levels, ordered(levels)), mode, entropy(p), float((p**2).sum())]
        if len(counts) < 2:
            return {None: [*found, *[math.nan] * 4]}
        gradient = np.gradient(counts)
        rise, fall = int(np.argmax(gradient)), int(np.argmin(gradient))
        return {None: [*found, float(gradient[rise]), rise + 1.0, float(gradient[fall]), fall + 1.0]}
