"""glszm: grey level size zone matrix: how many zones of equal levels there are, by level and number of voxels.

A zone is all voxels of one level that touch (26 neighbours, in a slice 8). IBSI: 9SAK.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.pyradiomics import names_of_figures
from features.radiomics.dialects.roi import IbsiRoi, Roi
from features.radiomics.families.family import Family
from features.radiomics.formulas.sizes import emphases, size_figures
from features.radiomics.formulas.slices import Things, Values, aggregate_undirected
from features.radiomics.voxels.zones import count_zones

NAMES = names_of_figures("glszm")


class Glszm(Family):
    """Thibault et al., 2009."""

    kind: Literal["glszm"] = "glszm"

    def by_pyradiomics(self, roi: Roi) -> Mapping[str, float]:
        zones, levels = roi.texture.zones(), roi.texture.levels
        sizes, counts = count_zones(zones.rank, zones.size, len(levels))
        found = size_figures(counts, levels, sizes)
        return {name: found[figure] for figure, name in NAMES.items()}

    def by_ibsi(self, roi: IbsiRoi, wanted: Sequence[Aggregation]) -> Values:
        def find(flat: bool) -> Things:
            zones = roi.flat_zones if flat else roi.zones
            return zones.start, zones.rank, zones.size

        return aggregate_undirected(roi, wanted, find, emphases)
