"""GLRLM: grey level run length matrix (IBSI TP0I): how many runs of equal levels there are, by level and length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from features.radiomics.dialects.roi import IbsiRoi
from features.radiomics.ibsi1.directions import aggregate_directions
from features.radiomics.ibsi1.feature import Aggregation, Feature
from features.radiomics.ibsi1.matrix import Matrix, emphases
from features.radiomics.voxels.lattice import offsets_within
from features.radiomics.voxels.texture import Texture

FEATURES = (
    Feature("short_runs_emphasis", "22OV", "rlm_sre", "mean of 1 / length²"),
    Feature("long_runs_emphasis", "W4KF", "rlm_lre", "mean of length²"),
    Feature("low_grey_level_run_emphasis", "V3SW", "rlm_lgre", "mean of 1 / level²"),
    Feature("high_grey_level_run_emphasis", "G3QZ", "rlm_hgre", "mean of level²"),
    Feature("short_run_low_grey_level_emphasis", "HTZT", "rlm_srlge", "mean of 1 / (level² · length²)"),
    Feature("short_run_high_grey_level_emphasis", "GD3A", "rlm_srhge", "mean of level² / length²"),
    Feature("long_run_low_grey_level_emphasis", "IVPO", "rlm_lrlge", "mean of length² / level²"),
    Feature("long_run_high_grey_level_emphasis", "3KUM", "rlm_lrhge", "mean of level² · length²"),
    Feature("grey_level_non_uniformity", "R5YN", "rlm_glnu", "sum over levels of runs², by the number of runs"),
    Feature("normalised_grey_level_non_uniformity", "OVBL", "rlm_glnu_norm", "the same by the squared number of runs"),
    Feature("run_length_non_uniformity", "W92Y", "rlm_rlnu", "sum over lengths of runs², by the number of runs"),
    Feature("normalised_run_length_non_uniformity", "IC23", "rlm_rlnu_norm", "the same by the squared number of runs"),
    Feature("run_percentage", "9ZK5", "rlm_r_perc", "runs by voxels"),
    Feature("grey_level_variance", "8CE5", "rlm_gl_var", "variance of the runs' levels"),
    Feature("run_length_variance", "SXLW", "rlm_rl_var", "variance of the runs' lengths"),
    Feature("run_entropy", "HJ9O", "rlm_rl_entr", "entropy of level and length in bits"),
)


def compute(roi: IbsiRoi, wanted: Sequence[Aggregation]) -> dict[Aggregation, list[float]]:
    """Values of FEATURES by aggregation."""
    return aggregate_directions(roi, wanted, _matrices, emphases)


def _matrices(texture: Texture, flat: bool) -> list[Matrix]:
    """Of every direction; along those that the box has no room for each voxel is a run."""
    near, levels = texture.lattice.near, texture.found
    voxels = len(levels.values)
    runs = dict(zip(near, texture.runs(np.arange(len(near))), strict=True))
    found = []
    for offset in offsets_within(flat=flat):
        if (counts := runs.get(offset)) is None:
            ones = np.ones(len(levels.present), np.int64)
            found.append(Matrix(levels.present, ones, levels.counts.astype(np.float64), voxels))
            continue
        rows, columns = np.nonzero(counts)
        found.append(Matrix(levels.present[rows], columns + 1, counts[rows, columns].astype(np.float64), voxels))
    return found
