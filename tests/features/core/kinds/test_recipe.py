"""Recipe: settings agree with each other, and its digest is the address of the prepared pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from features.core.errors import ConfigError
from features.core.kinds.recipe import Recipe, load_recipe

GOOD: dict[str, Any] = {
    "name": "ct",
    "modality": "CT",
    "unit": "HU",
    "discretise": {"bin_width": 25},
    "extractors": ["pyradiomics"],
}


def _recipe(**settings: Any) -> Recipe:
    return Recipe.model_validate({**GOOD, **settings})


DEEP = {
    "window": [-1000, 400],
    "extractors": [{"kind": "network", "weights": "efficientnet_lite0", "samplings": ["largest"]}],
}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"unit": "arbitrary"}, "a bin width needs a calibrated unit: use bin_count, or normalise the image"),
        ({"resegment": [400, -500]}, "resegment: the lower bound 400.0 is not below the upper bound -500.0"),
        ({"resegment": [1, 1]}, "resegment: the lower bound"),
        ({"resegment": [float("-inf"), 1]}, "finite number"),
        ({"window": [float("nan"), 1]}, "finite number"),
        ({"outlier_sigma": 0}, "greater than 0"),
        ({"window": [5, 1]}, "window: the lower bound 5.0 is not below"),
        ({"extractors": ["efficientnet_lite0"]}, "deep features need a window"),
        ({**DEEP, "channels": ["ct"]}, "give two images or more"),
        ({**DEEP, "channels": ["ct", "pet", "ct2"], "images": ["ct"]}, "images must not be said too"),
        ({"channels": ["ct", "pet"]}, "pyradiomics measures single images"),
        ({"extractors": []}, "at least 1 item"),
        ({"extractors": ["pet"]}, "pet needs the unit SUV, not HU"),
        ({"discretise": {"bin_width": 0}}, "greater than 0"),
        ({"discretise": {"bin_width": 1, "bin_count": 2}}, "give either bin_width or bin_count"),
        ({"spacing_mm": [1, 1]}, "Field required"),
        ({"spacing_mm": [1, 1, 0]}, "greater than 0"),
        ({"filters": [{"kind": "log", "sigma_mm": [-1]}]}, "greater than 0"),
        ({"filters": [{"kind": "wavelet", "wavelet": "haarr"}]}, "haar"),
        ({"name": "ct__lung"}, "String should match pattern"),
        ({"name": "CT"}, "String should match pattern"),
        ({"minimum_voxels": 0}, "greater than 0"),
        ({"spacing_mm": [1, 1, 0.001]}, "should be at least 0.01 mm"),
        ({"spacing_mm": [1, 1, 1000]}, "less than or equal to 100"),
        ({"spacing_mm": [1, 1, float("inf")]}, "finite number"),
        ({"discretise": {"bin_count": 1_000_000}}, "less than or equal to 32768"),
        ({"discretise": {"bin_width": float("inf")}}, "finite number"),
        ({"filters": [{"kind": "log", "sigma_mm": [1e9]}]}, "less than or equal to 100"),
        ({"filters": [{"kind": "log", "sigma_mm": [1.5] * 101}]}, "at most 100 items"),
        ({"filters": [{"kind": "wavelet", "level": 11}]}, "less than or equal to 10"),
        ({"filters": [{"kind": "gabor", "sigma_mm": 1, "wavelength_mm": 2, "theta_step": 1e-9}]}, "equal to 1"),
        ({"filters": ["wavelet"] * 101}, "at most 100 items"),
        ({"roi": {"kind": "shell", "thickness_mm": 1e6}}, "less than or equal to 500"),
        ({"extractors": [{"kind": "radweave", "distances": [100_000]}]}, "less than or equal to 10"),
        ({"extractors": [{"kind": "radweave", "distances": [1] * 11}]}, "at most 10 items"),
        ({"modality": "MR", "bias_correction": {"iterations": [10**9]}}, "less than or equal to 1000"),
        ({"modality": "US"}, "'CT', 'MR', 'PT', 'CR' or 'DX'"),
    ],
)
def test_settings_that_do_not_agree_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        _recipe(**settings)


def test_arbitrary_units_go_with_a_count_or_a_normalisation() -> None:
    assert _recipe(unit="arbitrary", discretise={"bin_count": 32}).normalise is None
    assert _recipe(unit="arbitrary", normalise={"scale": 100}).normalise is not None


def test_digest_does_not_depend_on_name_or_extractors() -> None:
    one = _recipe(window=[0, 1])
    assert one.digest() == _recipe(window=[0, 1], name="other").digest()
    assert one.digest() == _recipe(window=[0, 1], extractors=["efficientnet_lite0"]).digest()


@pytest.mark.parametrize(
    "settings",
    [
        {"spacing_mm": [1, 1, 1]},
        {"interpolator": "bspline"},
        {"round_intensities": True},
        {"normalise": {"scale": 100}},
        {"resegment": [-500, 400]},
        {"resegment": [None, 400]},
        {"outlier_sigma": 3},
        {"spacing_mm": [1, 1, None]},
        {"discretise": {"bin_width": 24}},
        {"discretise": {"bin_count": 25}},
        {"filters": [{"kind": "log", "sigma_mm": [2]}]},
        {"filters": ["wavelet"]},
        {"window": [-500, 400]},
        {"minimum_voxels": 30},
        {"unit": "SUV"},
        {"modality": "PT"},
    ],
)
def test_digest_depends_on_every_setting_that_changes_pixels(settings: dict[str, Any]) -> None:
    assert _recipe(**settings).digest() != _recipe().digest()


def test_settings_that_came_later_leave_no_trace_where_they_are_not_used() -> None:
    assert not {"default", "outlier_sigma"} & set(_recipe().model_dump())
    assert _recipe(default=False).digest() == _recipe().digest()


@pytest.mark.parametrize("settings", [{"spacing_mm": [1, 1, 2]}, {"spacing_mm": [1, 1, None], "default": False}])
def test_digest_survives_writing_and_reading(settings: dict[str, Any]) -> None:
    recipe = _recipe(filters=[{"kind": "log", "sigma_mm": [2, 3.5]}], outlier_sigma=3, **settings)
    again = Recipe.model_validate_json(recipe.model_dump_json())
    assert again == recipe
    assert again.digest() == recipe.digest()


def test_whole_and_decimal_numbers_are_the_same_setting() -> None:
    assert _recipe(discretise={"bin_width": 25}).digest() == _recipe(discretise={"bin_width": 25.0}).digest()


def test_a_recipe_file_is_named_for_its_recipe(tmp_path: Path) -> None:
    (tmp_path / "ct_lung.yaml").write_text(
        "modality: CT\nunit: HU\ndiscretise: {bin_width: 25}\nextractors: [pyradiomics]\n"
    )
    assert load_recipe(tmp_path / "ct_lung.yaml").name == "ct_lung"


def test_faults_of_a_recipe_file_come_together_with_their_lines(tmp_path: Path) -> None:
    text = (
        "modality: CX\nunit: HU\ndiscretise: {bin_count: 2000000000}\nextractors:\n- kind: efficientnet_lite0\n"
        "  samplings: [larges]\n  vews: []\n- pyradiomic\n"
    )
    (tmp_path / "ct.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_recipe(tmp_path / "ct.yaml")
    faults = [str(fault).replace(f"{tmp_path}/", "") for fault in caught.value.faults]
    assert len(faults) == 5
    assert faults.pop(1) == (
        "ct.yaml:3: discretise.bin_count: Input should be less than or equal to 32768; found 2000000000"
    )
    assert faults[0].startswith("ct.yaml:1: modality: Input should be 'CT', 'MR', 'PT', 'CR' or 'DX'; found 'CX'")
    assert faults[1].startswith("ct.yaml:6: extractors.0.samplings.0: ")
    assert 'did you mean "largest"?' in faults[1]
    assert faults[2].startswith('ct.yaml:7: unknown key "extractors.0.vews"; allowed: architecture, augment, kind, ')
    assert faults[3].startswith('ct.yaml:8: extractors.1: unknown kind "pyradiomic"; allowed: habitats, ')


@pytest.mark.parametrize(
    ("extractor", "fault"),
    [
        ("{kind: network, weights: efficientnet_lit0}", 'weights: there is no weights card "efficientnet_lit0"'),
        ("{kind: network, weights: random, architecture: efficientnet_lite}", "weights: random needs an architecture"),
        ("radweave", "radweave stands twice"),
        ("pet", "pet needs the unit SUV"),
    ],
)
def test_a_fault_of_an_extractor_has_its_line(tmp_path: Path, extractor: str, fault: str) -> None:
    head = "modality: CT\nunit: HU\ndiscretise: {bin_width: 25}\nwindow: [0, 1]\nextractors:\n- radweave\n"
    (tmp_path / "ct.yaml").write_text(f"{head}- {extractor}\n")
    with pytest.raises(ConfigError) as caught:
        load_recipe(tmp_path / "ct.yaml")
    (found,) = caught.value.faults
    assert str(found).startswith(f"{tmp_path}/ct.yaml:7: extractors.1")
    assert fault in str(found)
