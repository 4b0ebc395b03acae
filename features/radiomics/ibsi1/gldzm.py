"""GLDZM: grey level distance zone matrix (IBSI VMDZ): how many zones there are, by level and distance to the border."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.geometry.border import border_distance
from features.radiomics.ibsi1.feature import Aggregation, Feature
from features.radiomics.ibsi1.matrix import emphases
from features.radiomics.ibsi1.undirected import Things, aggregate_undirected
from features.radiomics.voxels.zones import least_of_zones

FEATURES = (
    Feature("small_distance_emphasis", "0GBI", "dzm_sde", "mean of 1 / distance²"),
    Feature("large_distance_emphasis", "MB4I", "dzm_lde", "mean of distance²"),
    Feature("low_grey_level_zone_emphasis", "S1RA", "dzm_lgze", "mean of 1 / level²"),
    Feature("high_grey_level_zone_emphasis", "K26C", "dzm_hgze", "mean of level²"),
    Feature("small_distance_low_grey_level_emphasis", "RUVG", "dzm_sdlge", "mean of 1 / (level² · distance²)"),
    Feature("small_distance_high_grey_level_emphasis", "DKNJ", "dzm_sdhge", "mean of level² / distance²"),
    Feature("large_distance_low_grey_level_emphasis", "A7WM", "dzm_ldlge", "mean of distance² / level²"),
    Feature("large_distance_high_grey_level_emphasis", "KLTH", "dzm_ldhge", "mean of level² · distance²"),
    Feature("grey_level_non_uniformity", "VFT7", "dzm_glnu", "sum over levels of zones², by the number of zones"),
    Feature("normalised_grey_level_non_uniformity", "7HP3", "dzm_glnu_norm", "the same by the squared number of zones"),
    Feature("zone_distance_non_uniformity", "V294", "dzm_zdnu", "sum over distances of zones², by the number of zones"),
    Feature(
        "normalised_zone_distance_non_uniformity", "IATH", "dzm_zdnu_norm", "the same by the squared number of zones"
    ),
    Feature("zone_percentage", "VIWW", "dzm_z_perc", "zones by voxels"),
    Feature("grey_level_variance", "QK93", "dzm_gl_var", "variance of the zones' levels"),
    Feature("zone_distance_variance", "7WT1", "dzm_zd_var", "variance of the zones' distances"),
    Feature("zone_distance_entropy", "GBDU", "dzm_zd_entr", "entropy of level and distance in bits"),
)


def compute(roi: IbsiRoi, wanted: Sequence[Aggregation]) -> dict[Aggregation, list[float]]:
    """Values of FEATURES by aggregation.

    A zone's distance is the number of steps (4 or 6 directions) from its nearest voxel to one outside the morphological
    mask.
    """

    def find(flat: bool) -> Things:
        zones, lattice = (roi.flat_zones if flat else roi.zones), roi.texture.lattice
        distance = border_distance(np.pad(roi.mask, lattice.border), flat=flat)
        return zones.start, zones.rank, least_of_zones(zones, lattice.places, distance.reshape(-1))

    return aggregate_undirected(roi, wanted, find, emphases)
