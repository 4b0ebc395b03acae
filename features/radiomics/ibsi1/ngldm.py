"""NGLDM: neighbouring grey level dependence matrix (IBSI REK0): how many voxels there are, by level and dependence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.ibsi1.feature import Aggregation, Feature
from features.radiomics.ibsi1.matrix import Matrix, emphases
from features.radiomics.ibsi1.undirected import Things, aggregate_undirected

FEATURES = (
    Feature("low_dependence_emphasis", "SODN", "ngl_lde", "mean of 1 / dependence²"),
    Feature("high_dependence_emphasis", "IMOQ", "ngl_hde", "mean of dependence²"),
    Feature("low_grey_level_count_emphasis", "TL9H", "ngl_lgce", "mean of 1 / level²"),
    Feature("high_grey_level_count_emphasis", "OAE7", "ngl_hgce", "mean of level²"),
    Feature("low_dependence_low_grey_level_emphasis", "EQ3F", "ngl_ldlge", "mean of 1 / (level² · dependence²)"),
    Feature("low_dependence_high_grey_level_emphasis", "JA6D", "ngl_ldhge", "mean of level² / dependence²"),
    Feature("high_dependence_low_grey_level_emphasis", "NBZI", "ngl_hdlge", "mean of dependence² / level²"),
    Feature("high_dependence_high_grey_level_emphasis", "9QMG", "ngl_hdhge", "mean of level² · dependence²"),
    Feature("grey_level_non_uniformity", "FP8K", "ngl_glnu", "sum over levels of voxels², by the number of voxels"),
    Feature(
        "normalised_grey_level_non_uniformity", "5SPA", "ngl_glnu_norm", "the same by the squared number of voxels"
    ),
    Feature(
        "dependence_count_non_uniformity",
        "Z87G",
        "ngl_dcnu",
        "sum over dependences of voxels², by the number of voxels",
    ),
    Feature(
        "normalised_dependence_count_non_uniformity",
        "OKJI",
        "ngl_dcnu_norm",
        "the same by the squared number of voxels",
    ),
    Feature("dependence_count_percentage", "6XV8", "ngl_dc_perc", "neighbourhoods by voxels: always 1"),
    Feature("grey_level_variance", "1PFV", "ngl_gl_var", "variance of the voxels' levels"),
    Feature("dependence_count_variance", "DNX2", "ngl_dc_var", "variance of the voxels' dependences"),
    Feature("dependence_count_entropy", "FCBV", "ngl_dc_entr", "entropy of level and dependence in bits"),
    Feature("dependence_count_energy", "CAS9", "ngl_dc_energy", "sum of squared probabilities of level and dependence"),
)


def compute(roi: IbsiRoi, wanted: Sequence[Aggregation]) -> dict[Aggregation, list[float]]:
    """Values of FEATURES by aggregation."""

    def find(flat: bool) -> Things:
        texture = roi.flat_texture if flat else roi.texture
        places = texture.lattice.places
        return places, texture.ranks[places].astype(np.int64), 1 + texture.alike()[places].astype(np.int64)

    return aggregate_undirected(roi, wanted, find, _features)


def _features(matrix: Matrix) -> list[float]:
    p = matrix.counts / np.sum(matrix.counts)
    return [*emphases(matrix), float(np.sum(p**2))]
