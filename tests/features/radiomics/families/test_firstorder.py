"""First order: pyradiomics' values, and NaN where there is none."""

from __future__ import annotations

import csv
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.radiomics.dialects.pyradiomics import FEATURES
from features.radiomics.dialects.roi import Roi
from features.radiomics.dialects.settings import Settings
from features.radiomics.families.firstorder import Firstorder

GOLDEN = Path(__file__).parents[3] / "golden"


def _rows(name: str) -> list[dict[str, str]]:
    lines = (GOLDEN / name).read_text("utf-8").splitlines()
    return list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter=";"))


def _compute(values: Any, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0), **options: Any) -> dict[str, float]:
    image = np.array(values, float).reshape(1, 1, -1)
    return dict(Firstorder().by_pyradiomics(Roi(image, np.ones(image.shape, bool), spacing, Settings(**options))))


def test_every_feature_is_given_in_the_order_of_the_registry() -> None:
    assert list(_compute([1, 2, 4])) == [feature.name for feature in FEATURES["firstorder"]]


def test_the_digital_phantom_has_ibsi_s_values() -> None:
    voxels = [float(row["intensity"]) for row in _rows("ibsi_digital_phantom_voxels.csv") if row["roi"] == "1"]
    found = _compute(voxels, (2.0, 2.0, 2.0), bin_width=1)
    found["Kurtosis"] -= 3  # pyradiomics' definition has no minus 3
    reference = {
        row["feature"].removeprefix("firstorder_"): float(row["value"])
        for row in _rows("ibsi_digital_phantom.csv")
        if row["feature"].startswith("firstorder_")
    }
    assert len(reference) == 17
    assert {name: found[name] for name in reference} == pytest.approx(reference, rel=5e-3)  # three digits


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=60))
@settings(max_examples=80, deadline=None)
def test_order_statistics_are_numpy_s_to_the_bit(values: list[float]) -> None:
    found = _compute(values)
    percentiles = np.percentile(values, [10, 25, 75, 90])
    assert (found["10Percentile"], found["90Percentile"]) == (percentiles[0], percentiles[3])
    assert found["InterquartileRange"] == percentiles[2] - percentiles[1]
    assert found["Median"] == np.median(values)
    inner = np.array([value for value in values if percentiles[0] <= value <= percentiles[3]])
    robust = np.abs(inner - inner.mean()).mean() if inner.size else math.nan
    assert found["RobustMeanAbsoluteDeviation"] == pytest.approx(robust, rel=1e-12, abs=1e-9, nan_ok=True)


def test_moments_of_many_voxels_are_those_of_the_definition() -> None:
    values = np.random.default_rng(3).gamma(2.0, 40.0, 5000) - 100
    steps = values - values.mean()
    found = _compute(values)
    assert found["Variance"] == pytest.approx(values.var(), rel=1e-13)
    assert found["Skewness"] == pytest.approx((steps**3).mean() / values.std() ** 3, rel=1e-12)
    assert found["Kurtosis"] == pytest.approx((steps**4).mean() / values.var() ** 2, rel=1e-12)
    assert found["MeanAbsoluteDeviation"] == pytest.approx(np.abs(steps).mean(), rel=1e-13)


def test_the_shift_changes_energies_alone() -> None:
    values = [-3.0, 1.0, 2.5, 8.0]
    plain, shifted = _compute(values, (2.0, 1.0, 0.5)), _compute(values, (2.0, 1.0, 0.5), array_shift=10.0)
    assert {name for name in plain if plain[name] != shifted[name]} == {"Energy", "TotalEnergy", "RootMeanSquared"}
    assert shifted["Energy"] == pytest.approx(sum((value + 10) ** 2 for value in values), rel=1e-14)
    assert shifted["TotalEnergy"] == pytest.approx(shifted["Energy"], rel=1e-14)


@pytest.mark.parametrize("values", [[0.1], [0.1] * 7, [-1e9] * 3], ids=["one voxel", "flat", "flat and large"])
def test_a_roi_of_one_intensity_has_no_skewness_and_no_kurtosis(values: list[float]) -> None:
    found = _compute(values)
    assert {name for name in found if math.isnan(found[name])} == {"Skewness", "Kurtosis"}
    assert found["Mean"] == found["Minimum"] == found["Maximum"] == values[0]
    assert (found["Variance"], found["MeanAbsoluteDeviation"], found["Entropy"], found["Uniformity"]) == (0, 0, 0, 1)


def test_without_a_voxel_between_the_percentiles_the_robust_deviation_is_missing() -> None:
    found = _compute([1.0, 5.0])
    assert {name for name in found if math.isnan(found[name])} == {"RobustMeanAbsoluteDeviation"}


def test_voxels_outside_the_mask_do_not_count() -> None:
    image = np.array([[[1.0, 900.0, 3.0]]])
    found = Firstorder().by_pyradiomics(Roi(image, np.array([[[True, False, True]]]), (1.0, 1.0, 1.0), Settings()))
    assert dict(found) == pytest.approx(_compute([1.0, 3.0]), nan_ok=True)


@pytest.mark.slow
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([{"bin_width": 25.0}, {"bin_width": 0.7}, {"bin_width": None, "bin_count": 16}]),
)
@settings(max_examples=150, deadline=None)
def test_values_are_pyradiomics_s(seed: int, bins: dict[str, Any]) -> None:
    import SimpleITK as sitk

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from radiomics.firstorder import RadiomicsFirstOrder

        rng = np.random.default_rng(seed)
        values = np.round(rng.gamma(2.0, rng.uniform(1, 60), int(rng.integers(3, 200))) - 50, int(rng.integers(1, 4)))
        image = sitk.GetImageFromArray(values.reshape(1, 1, -1))
        image.SetSpacing((0.7, 1.5, 3.0))
        mask = sitk.GetImageFromArray(np.ones((1, 1, values.size), np.uint8))
        mask.SetSpacing((0.7, 1.5, 3.0))
        theirs = {"bin_width": "binWidth", "bin_count": "binCount"}
        options = {theirs[name]: value for name, value in bins.items() if value}
        judge = RadiomicsFirstOrder(image, mask, label=1, voxelArrayShift=100, **options)
        judge.enableAllFeatures()
        for feature in FEATURES["firstorder"]:  # the deprecated ones too
            judge.enableFeatureByName(feature.name)
        reference = {name: float(np.squeeze(value)) for name, value in judge.execute().items()}
    found = _compute(values, (0.7, 1.5, 3.0), array_shift=100.0, **bins)
    assert set(found) == set(reference)
    if found["Range"] == 0:  # pyradiomics says 0 for what is undefined
        reference["Skewness"] = reference["Kurtosis"] = math.nan
    assert found == pytest.approx(reference, rel=1e-10, abs=1e-13, nan_ok=True)
