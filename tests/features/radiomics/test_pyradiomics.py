"""The pyradiomics extractor: IBSI's values, pyradiomics' own values, and what does not change them."""

from __future__ import annotations

import csv
import json
import math
import sys
import warnings
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.core.region import Region, Volume
from features.images.prepare import prepare_region
from features.radiomics.dialects.pyradiomics import FEATURES
from features.radiomics.extractors.pyradiomics import FAMILIES, Pyradiomics

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parents[2] / "golden"
# Not shared: pyradiomics divides the covariance of the voxels' places by n, the reference by n − 1 (the major axis lies
# within its tolerance all the same), and does not subtract 3 from the kurtosis.
OWN_DEFINITION = {"shape_MajorAxisLength", "shape_MinorAxisLength", "shape_LeastAxisLength", "firstorder_Kurtosis"}


def _numbers(region: Region, recipe: Recipe) -> dict[str, float]:
    """What is extracted, without the column that tells what is undefined."""
    return {name: float(v) for name, v in Pyradiomics().extract(region, recipe).items() if name != "undefined"}


def _golden(name: str) -> list[dict[str, str]]:
    lines = (GOLDEN / name).read_text("utf-8").splitlines()
    return list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter=";"))


REFERENCE = {row["feature"]: row for row in _golden("ibsi_digital_phantom.csv")}


def _recipe(**settings: Any) -> Recipe:
    settings = {"discretise": {"bin_width": 1}, "minimum_voxels": 1, **settings}
    return Recipe.model_validate(
        {"name": "test", "modality": "CT", "unit": "HU", "extractors": ["pyradiomics"], **settings}
    )


def _phantom() -> Region:
    array, mask = np.zeros((4, 4, 5)), np.zeros((4, 4, 5), bool)
    for row in _golden("ibsi_digital_phantom_voxels.csv"):
        place = int(row["z"]), int(row["y"]), int(row["x"])
        array[place], mask[place] = float(row["intensity"]), row["roi"] == "1"
    assert mask.sum() == 74
    return Region(Volume(array, (2.0, 2.0, 2.0)), mask)


def _blob(shape: tuple[int, int, int] = (14, 16, 18), *, seed: int = 0) -> Region:
    rng = np.random.default_rng(seed)
    array = rng.normal(50, 40, shape)
    place = np.indices(shape) - (np.array(shape) // 2)[:, None, None, None]
    mask = (place**2).sum(axis=0) <= 16
    return Region(Volume(array, (1.0, 1.5, 2.0), (3.0, -4.0, 5.0)), mask)


@lru_cache(maxsize=1)
def _values() -> Mapping[str, float]:
    return _numbers(_phantom(), _recipe())


@pytest.mark.parametrize("feature", sorted(set(REFERENCE) - OWN_DEFINITION))
def test_the_digital_phantom_has_ibsi_s_value(feature: str) -> None:
    row = REFERENCE[feature]
    value = float(row["value"])
    rounded = 0.5 * 10 ** (math.floor(math.log10(abs(value))) - 2)  # the reference has three significant digits
    tolerance = max(float(row["tolerance"]), 1.001 * rounded)
    assert _values()[f"original_{feature}"] == pytest.approx(value, rel=0, abs=tolerance)


def test_values_of_another_definition_are_ibsi_s_after_conversion() -> None:
    def reference(feature: str) -> Any:
        return pytest.approx(float(REFERENCE[feature]["value"]), abs=float(REFERENCE[feature]["tolerance"]) or 5e-4)

    assert _values()["original_firstorder_Kurtosis"] - 3 == reference("firstorder_Kurtosis")
    for axis in ("Major", "Minor", "Least"):
        feature = f"shape_{axis}AxisLength"
        assert _values()[f"original_{feature}"] * math.sqrt(74 / 73) == reference(feature)


def test_the_reference_covers_every_family() -> None:
    assert {feature.split("_")[0] for feature in REFERENCE} == set(FAMILIES)
    assert len(REFERENCE) == 102


@pytest.mark.parametrize(
    "settings",
    [
        {"discretise": {"bin_width": 10}},
        {
            "discretise": {"bin_count": 16},
            "filters": [{"kind": "log", "sigma_mm": [1.5, 3.0]}, {"kind": "wavelet", "wavelet": "coif1"}],
        },
    ],
    ids=["plain", "filters"],
)
def test_values_are_those_of_pyradiomics_called_directly(settings: dict[str, Any]) -> None:
    import SimpleITK as sitk

    recipe = _recipe(**settings)
    region = prepare_region(_blob(), recipe)
    found = _numbers(region, recipe)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from radiomics.featureextractor import RadiomicsFeatureExtractor

        width = settings["discretise"].get("bin_width")
        engine = RadiomicsFeatureExtractor(binWidth=width, binCount=settings["discretise"].get("bin_count"))
        if "filters" in settings:
            engine.enableImageTypes(Original={}, LoG={"sigma": [1.5, 3.0]}, Wavelet={"wavelet": "coif1"})
        images = []
        for array in (region.volume.array.astype(float), region.mask.astype(np.uint8)):
            image = sitk.GetImageFromArray(array)
            image.SetSpacing(region.volume.spacing_mm)
            image.SetOrigin(region.volume.origin_mm)
            images.append(image)
        theirs = {k: float(v) for k, v in engine.execute(*images).items() if not k.startswith("diagnostics")}
    renamed = {name.replace("-3D", "").replace("-", "_"): value for name, value in theirs.items()}
    assert set(found) == set(renamed)
    assert [name for name in found if found[name] != renamed[name]] == []


@pytest.mark.parametrize(
    "filters", [[], [{"kind": "log", "sigma_mm": [2.0]}], ["wavelet"]], ids=["none", "log", "wavelet"]
)
def test_the_image_around_does_not_change_the_values(filters: list[Any]) -> None:
    small = _blob((80, 80, 80))
    margin = [(3, 7), (9, 1), (4, 6)]
    rng = np.random.default_rng(7)
    array = rng.normal(50, 40, tuple(length + sum(pad) for length, pad in zip((80, 80, 80), margin, strict=True)))
    inside = tuple(slice(low, low + 80) for low, _ in margin)
    mask = np.zeros(array.shape, bool)
    array[inside], mask[inside] = small.volume.array, small.mask
    large = Region(Volume(array, small.volume.spacing_mm, small.volume.origin_mm), mask)
    recipe = _recipe(discretise={"bin_count": 16}, filters=filters)
    one, other = (_numbers(prepare_region(region, recipe), recipe) for region in (small, large))
    for name, value in one.items():
        assert other[name] == pytest.approx(value, rel=1e-6 if filters != ["wavelet"] else 1e-9, abs=1e-12), name


def test_a_crop_to_thirty_voxels_keeps_log_within_a_millionth() -> None:
    region = _blob((90, 90, 90))
    recipe = _recipe(discretise={"bin_count": 16}, filters=[{"kind": "log", "sigma_mm": [2.0]}])
    cropped = prepare_region(region, recipe)
    assert cropped.mask.shape != region.mask.shape
    one, other = _numbers(region, recipe), _numbers(cropped, recipe)
    for name, value in one.items():
        assert other[name] == pytest.approx(value, rel=1e-6, abs=1e-9), name


def test_one_grey_level_has_no_texture() -> None:
    region = _blob()
    array = region.volume.array.astype(float) * 0.001 + 100.25
    flat = Region(Volume(array, region.volume.spacing_mm), region.mask)
    values = _numbers(flat, _recipe(discretise={"bin_width": 25}))
    families = {
        name.split("_")[1]: [v for n, v in values.items() if n.split("_")[1] == name.split("_")[1]] for name in values
    }
    for family in ("glcm", "glrlm", "glszm", "gldm", "ngtdm"):
        assert np.isnan(families[family]).all(), family
    for family in ("shape", "firstorder"):
        assert np.isfinite(families[family]).all(), family


def test_eigenvalues_that_came_out_complex_keep_their_real_part_if_the_rest_is_rounding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe, module = _recipe(discretise={"bin_count": 8}), sys.modules[Pyradiomics.__module__]
    plain = module._engine(recipe)
    given = {
        "shape_Elongation": np.complex128(0.75 + 7e-18j),
        "shape_LeastAxisLength": np.complex128(1e-9 + 1e-9j),
        "glcm_MCC": np.complex128(0.5 - 1e-3j),
        "shape_Flatness": np.complex128(math.nan),
    }

    class Engine:
        def execute(self, *images: Any) -> dict[str, Any]:
            return {**plain.execute(*images), **{f"original_{name}": value for name, value in given.items()}}

    monkeypatch.setattr(module, "_engine", lambda _: Engine())
    found = Pyradiomics().extract(_blob(), recipe)
    assert found["original_shape_Elongation"] == 0.75
    assert found["original_shape_LeastAxisLength"] == 1e-9
    assert math.isnan(float(found["original_glcm_MCC"]))
    reasons = json.loads(str(found["undefined"]))
    assert reasons == {"COMPLEX": ["original_glcm_MCC"], "DEGENERATE": ["original_shape_Flatness"]}


def test_two_grey_levels_have_texture() -> None:
    values = _numbers(_blob(), _recipe(discretise={"bin_count": 2}))
    assert np.isfinite(list(values.values())).all()


@pytest.mark.parametrize(("width", "fine"), [(1.0, True), (0.05, False)])
def test_too_many_grey_levels_are_rejected(width: float, fine: bool) -> None:
    recipe = _recipe(discretise={"bin_width": width})
    if fine:
        assert Pyradiomics().extract(_blob(), recipe)
        return
    with pytest.raises(Rejected) as caught:
        Pyradiomics().extract(_blob(), recipe)
    assert caught.value.code == "TOO_MANY_BINS"
    assert caught.value.details["largest"] == 1024
    assert int(caught.value.details["grey_levels"]) > 1024


@pytest.mark.parametrize(
    "filters", [[], [{"kind": "log", "sigma_mm": [1, 2.5]}, {"kind": "wavelet", "wavelet": "haar"}]]
)
def test_columns_are_unique_stable_and_in_the_order_of_the_values(filters: list[Any]) -> None:
    recipe = _recipe(filters=filters, discretise={"bin_count": 8})
    names = [column.name for column in Pyradiomics().columns(recipe)]
    assert len(set(names)) == len(names) == 108 + 93 * (10 if filters else 0)
    assert names == [column.name for column in Pyradiomics().columns(recipe)]
    assert list(Pyradiomics().extract(_blob(), recipe)) == names
    images = {column.filter for column in Pyradiomics().columns(recipe)[:-1]}
    expected = {"original"}
    if filters:
        expected |= {"log_sigma_1_mm", "log_sigma_2_5_mm"}
        expected |= {f"wavelet_{a}{b}{c}" for a in "LH" for b in "LH" for c in "LH"}
    assert images == expected


def test_shape_is_measured_once() -> None:
    columns = Pyradiomics().columns(
        _recipe(filters=[{"kind": "wavelet", "wavelet": "haar"}], discretise={"bin_count": 8})
    )
    assert {column.filter for column in columns if column.family == "shape"} == {"original"}


def test_values_do_not_depend_on_the_order_of_calls() -> None:
    plain, count = _recipe(discretise={"bin_width": 10}), _recipe(discretise={"bin_count": 4})
    first = Pyradiomics().extract(_blob(), plain)
    Pyradiomics().extract(_blob(seed=1), count)
    assert Pyradiomics().extract(_blob(), plain) == first


def test_the_mask_s_direction_and_place_do_not_matter() -> None:
    region = _blob()
    turned = (0.0, 1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    moved = Region(Volume(region.volume.array, region.volume.spacing_mm, (90.0, 0.0, 1.0), turned), region.mask)
    one, other = (_numbers(r, _recipe(discretise={"bin_count": 8})) for r in (region, moved))
    for name, value in one.items():
        assert other[name] == pytest.approx(value, rel=1e-9), name


def test_the_version_names_what_decides_the_values() -> None:
    for package in ("pyradiomics", "SimpleITK", "PyWavelets", "numpy"):
        assert package in Pyradiomics().version


@pytest.mark.parametrize("family", FAMILIES)
def test_ibsi_codes_belong_to_features_of_pyradiomics(family: str) -> None:
    names = {column.name.split("_")[2] for column in Pyradiomics().columns(_recipe()) if column.family == family}
    deprecated = {feature.name for feature in FEATURES[family] if feature.deprecated}
    assert {feature.name for feature in FEATURES[family] if feature.ibsi} <= names | deprecated
    assert not deprecated & names
