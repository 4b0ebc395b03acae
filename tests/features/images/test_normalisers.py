"""Normalisers: what each of them does to intensities, and that landmarks are what a file says and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydantic import ValidationError

from features.core.errors import ConfigError
from features.core.kinds.normaliser import NORMALISERS, BiasCorrection, FittedOn
from features.core.kinds.recipe import Recipe, load_recipe
from features.core.quarantine import Rejected
from features.core.region import Region, Volume
from features.images.bias import correct_bias
from features.images.normalisers.nyul import PERCENTILES, fit_landmarks, image_landmarks, landmarks_file
from features.images.prepare import prepare_region
from tests.support.kinds import settings_of

ORIGIN = FittedOn(cohort="sts", centres=(), modality="MR", unit="arbitrary")
# All but a window, which is the same for every image.
FITTED = [kind for kind in NORMALISERS.modules if NORMALISERS.load(kind).calibrates]


def _region(seed: int = 0, gain: float = 1.0, offset: float = 0.0) -> Region:
    """A body of two tissues in air, and a brighter ROI in it."""
    z, y, x = np.indices((12, 24, 26))
    body = ((y - 12) ** 2 + (x - 13) ** 2) < 100
    array = np.random.default_rng(seed).normal(200, 30, body.shape) + 150.0 * (x > 13)
    mask = ((z - 6) ** 2 + (y - 12) ** 2 + (x - 10) ** 2) <= 9
    array = np.where(body, array + 80 * mask, 0.0) * gain + offset * body
    return Region(Volume(array.astype(np.float32), (1.0, 1.0, 2.0)), mask)


def _landmarks(tmp_path: Path, seeds: range = range(1, 4), **origin: Any) -> Path:
    values = fit_landmarks([image_landmarks(_region(seed, gain=seed).volume.array) for seed in seeds])
    path = tmp_path / "mr.json"
    path.write_bytes(landmarks_file(values, ORIGIN.model_copy(update=origin), [f"sts:p{seed}" for seed in seeds]))
    return path


def _recipe(**settings: Any) -> dict[str, Any]:
    return {
        "name": "mr",
        "modality": "MR",
        "unit": "arbitrary",
        "discretise": {"bin_width": 5},
        "extractors": ["radweave"],
        **settings,
    }


def _values(settings: dict[str, Any], region: Region | None = None) -> np.ndarray:
    region = _region() if region is None else region
    array = region.volume.array.astype(np.float64)
    return NORMALISERS.parse(settings).fit(region)(array)


@pytest.mark.parametrize("kind", sorted(NORMALISERS.modules))
def test_the_same_image_gives_the_same_values_and_stays_as_it_is(kind: str) -> None:
    settings = settings_of(NORMALISERS, kind)
    region = _region()
    before = region.volume.array.copy()
    first = _values(settings, region)
    np.testing.assert_array_equal(first, _values(settings))
    np.testing.assert_array_equal(region.volume.array, before)
    assert np.isfinite(first).all()
    recipe = Recipe.model_validate(_recipe(discretise={"bin_count": 8}, normalise=settings))
    prepared = prepare_region(region, recipe)
    np.testing.assert_allclose(prepared.values, first[region.mask], rtol=1e-12)
    assert Recipe.model_validate_json(recipe.model_dump_json()).digest() == recipe.digest()


@pytest.mark.parametrize("kind", FITTED)
def test_the_gain_of_a_scanner_makes_no_difference(kind: str) -> None:
    settings = settings_of(NORMALISERS, kind)
    np.testing.assert_allclose(_values(settings), _values(settings, _region(gain=7.5)), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("kind", FITTED)
def test_an_image_without_contrast_is_rejected(kind: str) -> None:
    settings = settings_of(NORMALISERS, kind)
    region = Region(Volume(np.full((4, 4, 4), 3.0), (1.0, 1.0, 1.0)), np.ones((4, 4, 4), bool))
    with pytest.raises(Rejected, match="IMAGE_FLAT"):
        _values(settings, region)
    for value in (0.0, np.nan):
        region.volume.array[:] = value
        with pytest.raises(Rejected, match="IMAGE_FLAT"):
            _values(settings, region)


def test_mask_zscore_gives_the_roi_mean_zero_and_the_scale_as_spread() -> None:
    inside = _values({"kind": "mask_zscore", "scale": 10})[_region().mask]
    assert inside.mean() == pytest.approx(0, abs=1e-9)
    assert inside.std() == pytest.approx(10)


@pytest.mark.parametrize("clip", [False, True])
def test_percentiles_become_zero_and_the_scale(clip: bool) -> None:
    image = _region().volume.array
    found = _values({"kind": "percentile", "lower": 5, "upper": 95, "scale": 50, "clip": clip})
    low, high = np.percentile(image[image > 0].astype(float), [5, 95])
    wanted = (image - low) / (high - low) * 50
    np.testing.assert_allclose(found, np.clip(wanted, 0, 50) if clip else wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("ends", [{"centre": -600, "width": 1500}, {"lower": -1350, "upper": 150}])
@pytest.mark.parametrize(("scale", "wanted"), [(None, [-1350, -1350, -600, 150]), (10, [0, 0, 5, 10])])
def test_a_window_cuts_off_and_scales(ends: dict, scale: float | None, wanted: list[float]) -> None:
    array = np.array([-2000.0, -1350.0, -600.0, 900.0])
    one = NORMALISERS.parse({"kind": "window", **ends, "scale": scale})
    np.testing.assert_allclose(one.fit(_region())(array), wanted)
    assert one.keeps_unit == (scale is None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "window"}, "found none"),
        ({"kind": "window", "centre": 1, "upper": 2}, "found centre, upper"),
        ({"kind": "window", "lower": 2, "upper": 1}, "the lower end 2 is not below"),
        ({"kind": "percentile", "lower": 99, "upper": 1}, "the lower percentile 99 is not below"),
        ({"kind": "nyul", "landmarks": "nowhere.json"}, "nowhere.json: cannot be read"),
        ({"kind": "zscor"}, 'did you mean "zscore"'),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate(_recipe(normalise=settings))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"normalise": {"kind": "window", "lower": 0, "upper": 9}}, "a bin width needs a calibrated unit"),
        ({"modality": "CT", "unit": "HU", "bias_correction": {}}, "bias_correction is for MR"),
        (
            {"modality": "PT", "unit": "SUV", "normalise": "zscore", "extractors": ["pet"]},
            "pet needs the unit SUV, not SUV, normalised",
        ),
    ],
)
def test_a_recipe_that_measures_what_its_unit_is_not_is_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate(_recipe(**settings))


def test_a_window_that_keeps_the_unit_leaves_it_to_extractors() -> None:
    kept = {
        "modality": "PT",
        "unit": "SUV",
        "extractors": ["pet"],
        "normalise": {"kind": "window", "lower": 0, "upper": 9},
    }
    assert Recipe.model_validate(_recipe(**kept)).measured_unit == "SUV"


def test_landmarks_are_the_mean_of_images_on_one_scale() -> None:
    found = fit_landmarks([(0.0, 1, 4), (10.0, 16, 20)])
    assert found == pytest.approx((0, (0.25 + 0.6) / 2, 1))


def test_nyul_moves_percentiles_of_the_foreground_onto_the_landmarks(tmp_path: Path) -> None:
    path, region = _landmarks(tmp_path), _region(9, gain=3.0, offset=40.0)
    standard = np.array(json.loads(path.read_text())["values"]) * 100
    found = _values({"kind": "nyul", "landmarks": path}, region)
    image = region.volume.array
    own = np.percentile(image[image > image.mean()], PERCENTILES)
    np.testing.assert_allclose(np.percentile(found[image > image.mean()], PERCENTILES), standard, atol=0.1)
    wanted = np.interp(image, own, standard)
    between = (image >= own[0]) & (image <= own[-1])
    np.testing.assert_allclose(found[between], wanted[between], rtol=1e-5, atol=1e-4)
    slope = (standard[-1] - standard[-2]) / (own[-1] - own[-2])
    above = image > own[-1]
    np.testing.assert_allclose(found[above], standard[-1] + (image[above] - own[-1]) * slope, rtol=1e-5)
    order = np.argsort(image, axis=None)
    assert (np.diff(found.reshape(-1)[order]) >= 0).all()  # monotone


def test_standardised_scanners_agree_more_than_before(tmp_path: Path) -> None:
    path = _landmarks(tmp_path)
    raw = [_region(seed, gain=gain, offset=offset) for seed, gain, offset in ((5, 1, 0), (6, 4, 100), (7, 0.3, 20))]
    means = [_values({"kind": "nyul", "landmarks": path}, region)[region.mask].mean() for region in raw]
    before = [region.values.mean() for region in raw]
    assert np.std(means) / np.mean(means) < 0.1 < np.std(before) / np.mean(before)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace('"sts:p1"', '"sts:p9"'), "was changed after it was written"),
        (lambda text: text[:40], "is no file of landmarks"),
        (lambda _: "[]", "is no file of landmarks"),
        (lambda _: "{}", "is no file of landmarks"),
    ],
)
def test_a_file_that_is_not_as_it_was_written_is_refused(tmp_path: Path, change: Any, message: str) -> None:
    path = _landmarks(tmp_path)
    path.write_text(change(path.read_text()))
    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate(_recipe(normalise={"kind": "nyul", "landmarks": str(path)}))


def test_landmarks_lie_beside_the_recipe_and_their_cases_stay_out_of_it(tmp_path: Path) -> None:
    path = _landmarks(tmp_path)
    text = "modality: MR\nunit: arbitrary\ndiscretise: {bin_width: 5}\nextractors: [radweave]\n"
    (tmp_path / "mr.yaml").write_text(text + "normalise: {kind: nyul, landmarks: mr.json}\n")
    recipe = load_recipe(tmp_path / "mr.yaml")
    assert recipe.normalise is not None
    assert recipe.normalise.fitted_on == ORIGIN
    assert "sts:p1" in path.read_text()
    assert "sts:p" not in recipe.model_dump_json()
    again = _landmarks(tmp_path, range(1, 3))
    assert load_recipe(tmp_path / "mr.yaml").digest() != recipe.digest()
    again.unlink()
    with pytest.raises(ConfigError, match=r"mr\.json: cannot be read"):
        load_recipe(tmp_path / "mr.yaml")


@pytest.mark.parametrize(
    ("origin", "message"),
    [
        ({"bias_correction": BiasCorrection()}, "was fitted on images with bias_correction"),
        ({"modality": "CT"}, "was fitted on images with modality CT, not MR"),
        ({"unit": "HU"}, "was fitted on images with unit HU, not arbitrary"),
    ],
)
def test_landmarks_of_images_prepared_otherwise_are_refused(tmp_path: Path, origin: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Recipe.model_validate(_recipe(normalise={"kind": "nyul", "landmarks": _landmarks(tmp_path, **origin)}))


def _biased() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A body of two tissues, the field of a coil at its side, and where the body is."""
    z, y, x = np.indices((24, 40, 40))
    body = ((y - 20) ** 2 + (x - 20) ** 2) < 300
    truth = np.where((x + y) % 20 < 10, 300.0, 400.0) + np.random.default_rng(0).normal(0, 4, body.shape)
    return truth * body, np.exp(0.025 * (x - 20) + 0.01 * (z - 12)), body


def test_bias_correction_removes_a_slow_field_and_is_deterministic() -> None:
    truth, field, body = _biased()
    volume = Volume((truth * field).astype(np.float32), (2.0, 2.0, 3.0), facts={"Manufacturer": "X"})
    settings = BiasCorrection(iterations=(20, 20))
    found = correct_bias(volume, settings)
    left = np.log(found.array[body] / truth[body])
    assert left.std() < 0.2 * np.log(field[body]).std()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(4)
    np.testing.assert_array_equal(found.array, correct_bias(volume, settings).array)
    assert found.matches(volume)
    assert (found.facts, found.array.dtype) == ({"Manufacturer": "X"}, np.float64)


@pytest.mark.parametrize(("value", "code"), [(np.nan, "NAN_IN_ROI"), (7.0, "IMAGE_FLAT")])
def test_bias_correction_needs_a_whole_image_with_contrast(value: float, code: str) -> None:
    array = np.full((8, 8, 8), 7.0)
    array[4, 4, 4] = value
    with pytest.raises(Rejected, match=code):
        correct_bias(Volume(array, (1.0, 1.0, 1.0)), BiasCorrection())


def test_the_bias_is_corrected_before_intensities_are_normalised() -> None:
    truth, field, body = _biased()
    mask = np.zeros(body.shape, bool)
    mask[8:16, 14:26, 14:26] = True
    region = Region(Volume(truth * field, (2.0, 2.0, 3.0)), mask)
    settings = {"bias_correction": {"iterations": [4]}}
    recipe = Recipe.model_validate(_recipe(normalise="percentile", **settings))
    image = correct_bias(region.volume, BiasCorrection(iterations=(4,)))
    wanted = _values({"kind": "percentile"}, Region(image, mask))
    np.testing.assert_allclose(prepare_region(region, recipe).values, wanted[mask])
    assert recipe.digest() != Recipe.model_validate(_recipe(normalise="percentile")).digest()
