"""Eigenvalues and singular values of our own: those of LAPACK within rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.radiomics.geometry.eigenvalues import eigenvalues, second_singular_values


@settings(deadline=None)  # the first example may wait for a compiler
@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.sampled_from([1e-3, 1.0, 1e6]))
def test_eigenvalues_are_those_of_lapack(seed: int, size: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.normal(0, scale, (size, size)) * (rng.random((size, size)) < 0.7)
    matrix = matrix + matrix.T
    expected = np.linalg.eigvalsh(matrix)
    assert eigenvalues(matrix) == pytest.approx(
        expected.tolist(), rel=0, abs=1e-14 * size * abs(expected).max() + 1e-300
    )


@pytest.mark.parametrize("matrix", [np.zeros((3, 3)), np.diag([3.0, 1.0, 2.0]), 7 * np.eye(2)])
def test_what_is_diagonal_is_its_diagonal(matrix: np.ndarray) -> None:
    assert eigenvalues(matrix) == pytest.approx(sorted(np.diag(matrix)), rel=1e-15, abs=0)


@settings(deadline=None)  # the first example may wait for a compiler
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.booleans())
def test_second_singular_values_are_those_of_lapack(seed: int, size: int, symmetric: bool) -> None:
    rng = np.random.default_rng(seed)
    matrices = rng.random((4, size, size)) * (rng.random((4, size, size)) < 0.6)
    if symmetric:
        matrices = matrices + matrices.transpose(0, 2, 1)
    expected = np.linalg.svd(matrices, compute_uv=False)
    np.testing.assert_allclose(second_singular_values(matrices), expected[:, 1], rtol=0, atol=1e-14 * size)
