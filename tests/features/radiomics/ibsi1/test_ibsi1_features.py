"""The table of IBSI-1 features, and what is undefined."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.core.errors import RadweaveError
from features.core.kinds.preparation import FixedBinCount, FixedBinWidth
from features.core.quarantine import Rejected
from features.core.region import Region, Volume
from features.radiomics.dialects.settings import IbsiSettings
from features.radiomics.ibsi1.compute import FEATURES, compute_features, entries
from features.radiomics.ibsi1.intensity_statistics import statistics
from features.radiomics.voxels.levels import steps_from

BINS = IbsiSettings(discretise=FixedBinCount(bin_count=8), ivh=FixedBinCount(bin_count=100))


def _prepared(array: np.ndarray, mask: np.ndarray, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Region:
    return Region(Volume(array, spacing), mask)


def _cube() -> np.ndarray:
    mask = np.zeros((5, 5, 5), bool)
    mask[1:4, 1:4, 1:4] = True
    return mask


def test_names_are_unique_identifiers() -> None:
    names = [entry.name for entry in entries()]
    assert len(set(names)) == len(names) == 487
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) for name in names)


def test_every_feature_has_an_ibsi_code_of_its_own() -> None:
    codes = [feature.ibsi for features in FEATURES.values() for feature in features]
    assert all(re.fullmatch(r"[0-9A-Z]{4}", code) for code in codes)
    # The intensity-volume histogram asks at two fractions for each of two features.
    assert {code for code, number in Counter(codes).items() if number > 1} == {"BC2M", "GBPN"}


def test_every_feature_has_a_tag_and_a_formula() -> None:
    tags = [entry.tag for entry in entries()]
    assert len(set(tags)) == len(tags)
    assert all(feature.formula for features in FEATURES.values() for feature in features)


def test_only_what_is_asked_for_is_computed_in_the_order_of_the_table() -> None:
    array = np.random.default_rng(0).random((5, 5, 5))
    found = compute_features(
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
    found = compute_features(_prepared(array, mask, (1.0, 0.7, 2.5)), BINS)
    assert not [name for name, value in found.items() if not np.isfinite(value)]


TEXTURES = ("glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm")


def test_a_flat_roi_has_neither_contrast_nor_texture() -> None:
    found = compute_features(_prepared(np.full((5, 5, 5), 0.1), _cube()), BINS)
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
    found = compute_features(_prepared(np.random.default_rng(0).random((5, 5, 5)), mask), BINS)
    assert found["morphology_approximate_volume"] == 1
    assert found["morphology_maximum_3d_diameter"] == 1
    assert np.isnan(found["morphology_major_axis_length"])
    assert np.isnan([value for name, value in found.items() if name.startswith(TEXTURES)]).all()
    assert not np.isinf(list(found.values())).any()


def test_statistics_of_values_far_from_zero_are_not_made_of_rounding() -> None:
    assert np.isnan(statistics(np.full(7, 0.1))[2])
    assert statistics(np.full(7, 0.1))[1] == 0


@pytest.mark.parametrize(
    ("how", "origin", "levels"),
    [
        (FixedBinWidth(bin_width=10), 0.0, [1, 2, 3, 3, 5]),
        (FixedBinWidth(bin_width=10), None, [1, 1, 2, 3, 5]),
        (FixedBinCount(bin_count=4), None, [1, 1, 2, 3, 4]),
        (FixedBinCount(bin_count=1), None, [1, 1, 1, 1, 1]),
    ],
)
def test_bins_hold_their_lower_edge(how: FixedBinWidth | FixedBinCount, origin: float | None, levels: list) -> None:
    assert steps_from(np.array([5.0, 10, 20, 25, 45]), how, origin).tolist() == levels


def test_settings_that_do_not_fit_the_intensities_are_refused() -> None:
    values = np.array([0.5, 1.0])
    with pytest.raises(RadweaveError, match="bin width or a number of bins"):
        steps_from(values, None, None)
    with pytest.raises(RadweaveError, match="below the first bin"):
        steps_from(values, FixedBinWidth(bin_width=1), 0.75)
    prepared = _prepared(np.random.default_rng(0).random((5, 5, 5)), _cube())
    with pytest.raises(RadweaveError, match="not whole"):
        compute_features(prepared, IbsiSettings(discretise=None), families=["intensity_volume_histogram"])


@pytest.mark.parametrize("family", ["intensity_histogram", "intensity_volume_histogram"])
def test_too_many_bins_are_rejected(family: str) -> None:
    array = np.random.default_rng(0).normal(0, 1e6, (5, 5, 5))
    bins = FixedBinWidth(bin_width=1)
    with pytest.raises(Rejected) as caught:
        compute_features(_prepared(array, _cube()), IbsiSettings(discretise=bins, ivh=bins), families=[family])  # type: ignore[list-item]
    assert caught.value.code == "TOO_MANY_BINS"


def test_a_damaged_voxel_beside_the_roi_undoes_local_intensity_alone() -> None:
    array = np.random.default_rng(0).random((5, 5, 5))
    array[0, 2, 2] = np.nan
    found = compute_features(_prepared(array, _cube()), BINS)
    assert [name for name, value in found.items() if np.isnan(value)] == [
        "local_intensity_local_intensity_peak",
        "local_intensity_global_intensity_peak",
    ]


def test_shape_is_that_of_the_morphological_mask_and_intensities_are_those_of_the_intensity_mask() -> None:
    array, mask = np.random.default_rng(0).random((5, 5, 5)), _cube()
    kept = mask & (array > 0.3)
    whole = compute_features(Region(Volume(array, (1.0, 1.0, 1.0)), mask, mask), BINS)
    found = compute_features(Region(Volume(array, (1.0, 1.0, 1.0)), kept, mask), BINS)
    assert found["morphology_volume"] == whole["morphology_volume"]
    assert found["intensity_statistics_minimum"] == array[kept].min() > whole["intensity_statistics_minimum"]
    assert found["morphology_integrated_intensity"] == pytest.approx(found["morphology_volume"] * array[kept].mean())
    # Each voxel is a zone if levels are as many as voxels: distances are still those to the morphological border.
    fine = IbsiSettings(discretise=FixedBinCount(bin_count=10_000))
    alone = np.zeros_like(mask)
    alone[2, 2, 2] = alone[1, 1, 1] = True
    zones = compute_features(
        Region(Volume(array, (1.0, 1.0, 1.0)), alone, mask), fine, families=["gldzm"], aggregations=["3D"]
    )
    assert zones["gldzm_large_distance_emphasis_3d"] == (1 + 4) / 2
