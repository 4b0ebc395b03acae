"""compute_ibsi_features: what is given, and what is undefined."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.core.errors import RadweaveError
from features.core.kinds.preparation import FixedBinCount, FixedBinWidth
from features.core.quarantine import Rejected
from features.core.region import Region, Volume
from features.radiomics.dialects.ibsi import FEATURES, TEXTURES, entries
from features.radiomics.dialects.settings import IbsiSettings
from features.radiomics.ibsi_features import compute_ibsi_features

BINS = IbsiSettings(discretise=FixedBinCount(bin_count=8), ivh=FixedBinCount(bin_count=100))


def _prepared(array: np.ndarray, mask: np.ndarray, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Region:
    return Region(Volume(array, spacing), mask)


def _cube() -> np.ndarray:
    mask = np.zeros((5, 5, 5), bool)
    mask[1:4, 1:4, 1:4] = True
    return mask


def test_only_what_is_asked_for_is_computed_in_the_order_of_the_table() -> None:
    array = np.random.default_rng(0).random((5, 5, 5))
    found = compute_ibsi_features(
        _prepared(array, _cube()), BINS, families=["ngtdm", "glcm"], aggregations=["3D", "3D:mrg", "2D:avg"]
    )
    names = [entry.name for entry in entries(["ngtdm", "glcm"], ["3D", "3D:mrg", "2D:avg"])]
    assert list(found) == names
    assert names[0] == "ngtdm_coarseness_3d"
    assert "glcm_joint_maximum_2d_avg" in names
    assert len(names) == 5 + 2 * 25


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(4, 5))
def test_everything_of_a_noisy_roi_is_a_number(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    array = rng.normal(50, 20, (size + 2, size + 4, size + 3))
    mask = np.zeros(array.shape, bool)
    mask[1:-1, 1:-1, 1:-1] = True
    found = compute_ibsi_features(_prepared(array, mask, (1.0, 0.7, 2.5)), BINS)
    assert not [name for name, value in found.items() if not np.isfinite(value)]


def test_a_flat_roi_has_neither_contrast_nor_texture() -> None:
    found = compute_ibsi_features(_prepared(np.full((5, 5, 5), 0.1), _cube()), BINS)
    undefined = {re.sub(r"_(2|2_5|3)d(_avg|_mrg)?$", "", name) for name, value in found.items() if np.isnan(value)}
    assert undefined == {
        "morphology_morans_i_index",
        "morphology_gearys_c_measure",
        "intensity_statistics_skewness",
        "intensity_statistics_excess_kurtosis",
        "intensity_histogram_skewness",
        "intensity_histogram_excess_kurtosis",
        "intensity_histogram_maximum_histogram_gradient",
        "intensity_histogram_maximum_histogram_gradient_level",
        "intensity_histogram_minimum_histogram_gradient",
        "intensity_histogram_minimum_histogram_gradient_level",
        *(f"intensity_volume_histogram_{f.name}" for f in FEATURES["intensity_volume_histogram"]),
        *(f"{family}_{f.name}" for family in TEXTURES for f in FEATURES[family]),
    }


def test_one_voxel_has_a_shape_and_no_pairs() -> None:
    mask = np.zeros((5, 5, 5), bool)
    mask[2, 2, 2] = True
    found = compute_ibsi_features(_prepared(np.random.default_rng(0).random((5, 5, 5)), mask), BINS)
    assert found["morphology_approximate_volume"] == 1
    assert found["morphology_maximum_3d_diameter"] == 1
    assert np.isnan(found["morphology_major_axis_length"])
    assert np.isnan([value for name, value in found.items() if name.startswith(tuple(TEXTURES))]).all()
    assert not np.isinf(list(found.values())).any()


def test_settings_that_do_not_fit_the_intensities_are_refused() -> None:
    prepared = _prepared(np.random.default_rng(0).random((5, 5, 5)), _cube())
    with pytest.raises(RadweaveError, match="not whole"):
        compute_ibsi_features(prepared, IbsiSettings(discretise=None), families=["intensity_volume_histogram"])


@pytest.mark.parametrize("family", ["intensity_histogram", "intensity_volume_histogram"])
def test_too_many_bins_are_rejected(family: str) -> None:
    array = np.random.default_rng(0).normal(0, 1e6, (5, 5, 5))
    bins = FixedBinWidth(bin_width=1)
    with pytest.raises(Rejected) as caught:
        compute_ibsi_features(_prepared(array, _cube()), IbsiSettings(discretise=bins, ivh=bins), families=[family])
    assert caught.value.code == "TOO_MANY_BINS"


def test_a_damaged_voxel_beside_the_roi_undoes_local_intensity_alone() -> None:
    array = np.random.default_rng(0).random((5, 5, 5))
    array[0, 2, 2] = np.nan
    found = compute_ibsi_features(_prepared(array, _cube()), BINS)
    assert [name for name, value in found.items() if np.isnan(value)] == [
        "local_intensity_local_intensity_peak",
        "local_intensity_global_intensity_peak",
    ]


def test_shape_is_that_of_the_morphological_mask_and_intensities_are_those_of_the_intensity_mask() -> None:
    array, mask = np.random.default_rng(0).random((5, 5, 5)), _cube()
    kept = mask & (array > 0.3)
    whole = compute_ibsi_features(Region(Volume(array, (1.0, 1.0, 1.0)), mask, mask), BINS)
    found = compute_ibsi_features(Region(Volume(array, (1.0, 1.0, 1.0)), kept, mask), BINS)
    assert found["morphology_volume"] == whole["morphology_volume"]
    assert found["intensity_statistics_minimum"] == array[kept].min() > whole["intensity_statistics_minimum"]
    assert found["morphology_integrated_intensity"] == pytest.approx(found["morphology_volume"] * array[kept].mean())
    # Each voxel is a zone if levels are as many as voxels: distances are still those to the morphological border.
    fine = IbsiSettings(discretise=FixedBinCount(bin_count=10_000))
    alone = np.zeros_like(mask)
    alone[2, 2, 2] = alone[1, 1, 1] = True
    zones = compute_ibsi_features(
        Region(Volume(array, (1.0, 1.0, 1.0)), alone, mask), fine, families=["gldzm"], aggregations=["3D"]
    )
    assert zones["gldzm_large_distance_emphasis_3d"] == (1 + 4) / 2


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
    found = compute_ibsi_features(
        region,
        IbsiSettings(discretise=None),
        families=sorted(TEXTURES),
        aggregations=["2D:mrg", "2.5D:mrg", "2D", "2.5D", "3D"],
    )
    for name, value in found.items():
        if name.endswith(("_2d_mrg", "_2d")):
            assert value == pytest.approx(found[name.replace("_2d", "_2_5d")], rel=1e-12, nan_ok=True)
            if name.endswith("_2d") and not name.startswith("gldzm"):  # in space the whole slice is its edge
                assert value == pytest.approx(found[name.removesuffix("_2d") + "_3d"], rel=1e-12, nan_ok=True)
