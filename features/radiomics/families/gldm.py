"""gldm: grey level dependence matrix: how many voxels there are, by level and number of dependent neighbours.

IBSI calls it neighbouring grey level dependence (NGLDM, REK0). A voxel's size is one more than its dependent neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.pyradiomics import names_of_figures
from features.radiomics.dialects.roi import IbsiRoi, Roi
from features.radiomics.families.family import Family
from features.radiomics.formulas.sizes import emphases, size_figures
from features.radiomics.formulas.slices import Things, Values, aggregate_undirected
from features.radiomics.voxels.matrix import Matrix

NAMES = names_of_figures("gldm")


class Gldm(Family):
    """Sun and Wee, Comput Vis Graph Image Process 1983;23:341."""

    kind: Literal["gldm"] = "gldm"

    def by_pyradiomics(self, roi: Roi) -> Mapping[str, float]:
        counts = roi.texture.dependents
        found = size_figures(counts[None], roi.texture.levels, np.arange(1, counts.shape[1] + 1))
        return {name: found[figure] for figure, name in NAMES.items()}

    def by_ibsi(self, roi: IbsiRoi, wanted: Sequence[Aggregation]) -> Values:
        def find(flat: bool) -> Things:
            texture = roi.flat_texture if flat else roi.texture
            places = texture.lattice.places
            return places, texture.ranks[places].astype(np.int64), 1 + texture.alike()[places].astype(np.int64)

        return aggregate_undirected(roi, wanted, find, _features)


def _features(matrix: Matrix) -> list[float]:
    p = matrix.counts / np.sum(matrix.counts)
    return [*emphases(matrix), float(np.sum(p**2))]
