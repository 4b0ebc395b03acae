"""GLRLM: grey level run length matrix (IBSI TP0I): how many runs of equal levels there are, by level and length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from features.radiomics.ibsi1.directions import aggregate_directions
from features.radiomics.ibsi1.feature import Aggregation, Feature
from features.radiomics.ibsi1.matrix import Matrix, emphases, tally
from features.radiomics.ibsi1.roi import IbsiRoi

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

    def count(places: NDArray[np.int64], step: int) -> Matrix:
        levels, lengths = find_runs(roi.level_line, places, step)
        return tally(levels, lengths, len(places))

    return aggregate_directions(roi, wanted, count, emphases)


@njit(cache=True)
def find_runs(
    line: NDArray[np.int32], places: NDArray[np.int64], step: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Level and length of each run along the step."""
    levels, lengths = np.empty(len(places), np.int64), np.empty(len(places), np.int64)
    n = 0
    for place in places:
        level = line[place]
        if line[place - step] == level:
            continue  # not the first voxel of its run
        end = place + step
        while line[end] == level:
            end += step
        levels[n], lengths[n] = level, (end - place) // step
        n += 1
    return levels[:n], lengths[:n]
