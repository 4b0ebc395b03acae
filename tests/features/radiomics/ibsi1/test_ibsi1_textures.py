"""Textures of the IBSI dialect: how matrices of slices and directions are put together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.core.region import Region, Volume
from features.radiomics.dialects.settings import IbsiSettings
from features.radiomics.ibsi1.compute import compute_features
from features.radiomics.ibsi1.matrix import Matrix, average, emphases, merge, tally

LEVELS = IbsiSettings(discretise=None)


@st.composite
def slices(draw: st.DrawFn) -> Region:
    """One slice with holes and few levels; the intensity mask may be smaller than the morphological one."""
    shape = (1, *draw(st.tuples(*[st.integers(1, 4)] * 2)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    array = rng.integers(1, 4, shape).astype(np.float64)
    mask = rng.random(shape) < 0.8
    kept = mask & (rng.random(shape) < 0.8)
    kept[0, 0, 0] = mask[0, 0, 0] = True
    return Region(Volume(array, (1.0, 1.0, 1.0)), kept, mask)


@settings(max_examples=20, deadline=None)
@given(slices())
def test_a_single_slice_has_the_same_textures_in_2d_and_2_5d_merged(region: Region) -> None:
    found = compute_features(
        region,
        LEVELS,
        families=["glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm"],
        aggregations=["2D:mrg", "2.5D:mrg", "2D", "2.5D", "3D"],
    )
    for name, value in found.items():
        if name.endswith(("_2d_mrg", "_2d")):
            assert value == pytest.approx(found[name.replace("_2d", "_2_5d")], rel=1e-12, nan_ok=True)
            if name.endswith("_2d") and not name.startswith("gldzm"):  # in space the whole slice is its edge
                assert value == pytest.approx(found[name.removesuffix("_2d") + "_3d"], rel=1e-12, nan_ok=True)


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
