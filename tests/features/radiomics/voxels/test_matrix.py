"""Matrix: sums of matrices, and means of features."""

from __future__ import annotations

import numpy as np
import pytest

from features.radiomics.formulas.sizes import emphases
from features.radiomics.voxels.matrix import Matrix, average, merge, tally


def test_merging_adds_counts_and_voxels() -> None:
    one = tally(np.array([1, 1, 2]), np.array([3, 3, 1]), 3)
    both = merge([one, tally(np.array([1, 5]), np.array([3, 7]), 2)])
    assert (both.rows.tolist(), both.columns.tolist(), both.counts.tolist()) == ([1, 2, 5], [3, 1, 7], [3, 1, 1])
    assert both.voxels == 5


def test_an_average_leaves_out_what_is_undefined() -> None:
    nan = float("nan")
    assert average([[1.0, nan, nan], [3.0, 5.0, nan]]) == pytest.approx([2.0, 5.0, nan], nan_ok=True)


def test_an_empty_matrix_has_no_features() -> None:
    empty = np.empty(0, np.int64)
    assert np.isnan(emphases(Matrix(empty, empty, np.empty(0), 4))).all()
