"""glrlm: grey level run length matrix: how many runs of equal levels there are, by level and number of voxels.

pyradiomics averages the figures of all directions along which some line has two voxels, or has those of their weighted sum.
IBSI (TP0I) has every direction: along those that the ROI has no room for each voxel is a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.pyradiomics import names_of_figures
from features.radiomics.dialects.roi import IbsiRoi, Roi
from features.radiomics.families.family import Family
from features.radiomics.formulas.sizes import emphases, size_figures
from features.radiomics.formulas.slices import Values, aggregate_directions
from features.radiomics.voxels.matrix import Matrix
from features.radiomics.voxels.texture import Texture
from features.radiomics.voxels.weights import weights_along

NAMES = names_of_figures("glrlm")


class Glrlm(Family):
    """Galloway, Comput Graph Image Process 1975;4:172."""

    kind: Literal["glrlm"] = "glrlm"

    def by_pyradiomics(self, roi: Roi) -> Mapping[str, float]:
        lattice = roi.lattice
        counts: NDArray[np.int64] | NDArray[np.float64] = roi.texture.runs(lattice.lined)
        if roi.settings.weighting is not None:
            offsets = [lattice.near[number] for number in lattice.lined]
            weights = weights_along(offsets, roi.spacing_mm, roi.settings.weighting, "glrlm")
            counts = (counts * weights[:, None, None]).sum(axis=0, keepdims=True)
        found = size_figures(counts, roi.texture.levels, np.arange(1, counts.shape[2] + 1))
        return {name: found[figure] for figure, name in NAMES.items()}

    def by_ibsi(self, roi: IbsiRoi, wanted: Sequence[Aggregation]) -> Values:
        return aggregate_directions(roi, wanted, _matrices, emphases)


def _matrices(texture: Texture) -> list[Matrix]:
    """Of every direction."""
    lattice, levels = texture.lattice, texture.found
    voxels = len(levels.values)
    runs = dict(zip(lattice.near, texture.runs(np.arange(len(lattice.near))), strict=True))
    found = []
    for offset in lattice.directions:
        counts = runs.get(offset, levels.counts[:, None])
        rows, columns = np.nonzero(counts)
        found.append(Matrix(levels.present[rows], columns + 1, counts[rows, columns].astype(np.float64), voxels))
    return found
