"""gldzm: grey level distance zone matrix (IBSI VMDZ): how many zones there are, by level and distance to the border.

A zone's distance is the number of steps (4 or 6 directions) from its nearest voxel to one outside the morphological mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from features.radiomics.dialects.aggregation import Aggregation
from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.families.family import Family
from features.radiomics.formulas.sizes import emphases
from features.radiomics.formulas.slices import Things, Values, aggregate_undirected
from features.radiomics.geometry.border import border_distance
from features.radiomics.voxels.zones import least_of_zones


class Gldzm(Family):
    """Thibault et al., IEEE Trans Biomed Eng 2014;61:630."""

    kind: Literal["gldzm"] = "gldzm"

    def by_ibsi(self, roi: IbsiRoi, wanted: Sequence[Aggregation]) -> Values:
        def find(flat: bool) -> Things:
            zones, lattice = (roi.flat_zones if flat else roi.zones), roi.texture.lattice
            distance = border_distance(np.pad(roi.mask, lattice.border), flat=flat)
            return zones.start, zones.rank, least_of_zones(zones, lattice.places, distance.reshape(-1))

        return aggregate_undirected(roi, wanted, find, emphases)
