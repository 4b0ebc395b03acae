"""GLSZM: grey level size zone matrix (IBSI 9SAK): how many zones of equal levels there are, by level and size."""

from __future__ import annotations

from collections.abc import Sequence

from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.ibsi1.feature import Aggregation, Feature
from features.radiomics.ibsi1.matrix import emphases
from features.radiomics.ibsi1.undirected import Things, aggregate_undirected

FEATURES = (
    Feature("small_zone_emphasis", "5QRC", "szm_sze", "mean of 1 / size²"),
    Feature("large_zone_emphasis", "48P8", "szm_lze", "mean of size²"),
    Feature("low_grey_level_zone_emphasis", "XMSY", "szm_lgze", "mean of 1 / level²"),
    Feature("high_grey_level_zone_emphasis", "5GN9", "szm_hgze", "mean of level²"),
    Feature("small_zone_low_grey_level_emphasis", "5RAI", "szm_szlge", "mean of 1 / (level² · size²)"),
    Feature("small_zone_high_grey_level_emphasis", "HW1V", "szm_szhge", "mean of level² / size²"),
    Feature("large_zone_low_grey_level_emphasis", "YH51", "szm_lzlge", "mean of size² / level²"),
    Feature("large_zone_high_grey_level_emphasis", "J17V", "szm_lzhge", "mean of level² · size²"),
    Feature("grey_level_non_uniformity", "JNSA", "szm_glnu", "sum over levels of zones², by the number of zones"),
    Feature("normalised_grey_level_non_uniformity", "Y1RO", "szm_glnu_norm", "the same by the squared number of zones"),
    Feature("zone_size_non_uniformity", "4JP3", "szm_zsnu", "sum over sizes of zones², by the number of zones"),
    Feature("normalised_zone_size_non_uniformity", "VB3A", "szm_zsnu_norm", "the same by the squared number of zones"),
    Feature("zone_percentage", "P30P", "szm_z_perc", "zones by voxels"),
    Feature("grey_level_variance", "BYLV", "szm_gl_var", "variance of the zones' levels"),
    Feature("zone_size_variance", "3NSA", "szm_zs_var", "variance of the zones' sizes"),
    Feature("zone_size_entropy", "GU8N", "szm_zs_entr", "entropy of level and size in bits"),
)


def compute(roi: IbsiRoi, wanted: Sequence[Aggregation]) -> dict[Aggregation, list[float]]:
    """Values of FEATURES by aggregation."""

    def find(flat: bool) -> Things:
        zones = roi.flat_zones if flat else roi.zones
        return zones.start, zones.rank, zones.size

    return aggregate_undirected(roi, wanted, find, emphases)
