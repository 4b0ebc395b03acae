"""Parameter files of pyradiomics are read as they are; what is wrong in them is told with file and line."""

import math
from pathlib import Path
from typing import Any

import pytest

from features.core.errors import ConfigError
from features.core.kinds.filter import FILTERS
from features.radiomics.dialects.pyradiomics import FEATURES
from features.radiomics.dialects.settings import Settings
from features.radiomics.parameters import REMOVED, Parameters, default_parameters, load_parameters
from features.radiomics.plan import feature_names
from features.radiomics.pyradiomics_preparation import PyradiomicsPreparation
from features.radiomics.voxelwise.window import Window

EVERY_SETTING = """
setting:
  minimumROIDimensions: 1
  minimumROISize: 50
  geometryTolerance: 0.001
  correctMask: true
  additionalInfo: false
  label: 3
  label_channel: 1
  binWidth: 5
  binCount: 32
  normalize: true
  normalizeScale: 100
  removeOutliers: 3
  resampledPixelSpacing: [1, 1, 0]
  interpolator: sitkLinear
  padDistance: 10
  distances: [1, 2]
  force2D: true
  force2Ddimension: 1
  resegmentRange: [-3, 3]
  resegmentMode: sigma
  resegmentShape: true
  preCrop: true
  voxelArrayShift: 300
  symmetricalGLCM: false
  weightingNorm: euclidean
  gldm_a: 2
featureClass:
  firstorder: [Mean, Entropy]
  glcm:
  gldm: []
  glrlm:
  ngtdm:
imageType:
  Original: {}
"""


def load(tmp_path: Path, text: str, name: str = "param.yaml") -> Parameters:
    path = tmp_path / name
    path.write_text(text)
    return load_parameters(path)


def faults(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as found:
        load(tmp_path, text)
    return str(found.value).replace(f"{tmp_path}/", "")


def test_defaults_are_those_of_pyradiomics() -> None:
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    extractor = RadiomicsFeatureExtractor()
    found = default_parameters()
    assert set(found.plan.families) == set(extractor.enabledFeatures)
    assert [image.filter for image in found.plan.images] == [None]
    assert found.plan.images[0].settings == Settings()
    assert found.preparation == PyradiomicsPreparation()
    assert found.additional_info


@pytest.mark.parametrize(
    ("setting", "bound"),
    [
        ("distances: [100000]", "less than or equal to 10"),
        ("distances: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]", "at most 10 items"),
        ("resampledPixelSpacing: [0.0001, 1, 1]", "at least 0.01 mm"),
        ("binCount: 100000", "less than or equal to 32768"),
        ("level: 1000", "less than or equal to 10"),
        ("start_level: 1000", "less than or equal to 10"),
        ("sigma: [100000.0]", "less than or equal to 100"),
        ("lbp2DSamples: 1000", "less than or equal to 30"),
        ("lbp3DIcosphereSubdivision: 12", "less than or equal to 4"),
        ("binWidth: .inf", "finite number"),
    ],
)
def test_a_number_that_costs_more_than_there_is_is_a_fault_with_its_bound(
    tmp_path: Path, setting: str, bound: str
) -> None:
    found = faults(tmp_path, f"setting:\n  {setting}\n")
    assert f"param.yaml:2: setting.{setting.split(':')[0]}" in found
    assert bound in found


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    for text in ("", "setting:\n", "setting: {}\nimageType:\nfeatureClass:\n"):
        found = load(tmp_path, text)
        assert found.preparation == PyradiomicsPreparation()
        assert found.plan == default_parameters().plan
        assert found.notes == ()


def test_every_setting_of_pixels_and_features_is_read(tmp_path: Path) -> None:
    found = load(tmp_path, EVERY_SETTING)
    assert found.preparation == PyradiomicsPreparation(
        label=3,
        normalise=True,
        scale=100,
        outliers=3,
        spacing_mm=(1, 1, 0),
        interpolator="Linear",
        crop=True,
        padding=10,
        resegment=(-3, 3),
        resegment_mode="sigma",
        resegment_shape=True,
        correct_mask=True,
        tolerance=0.001,
        minimum_dimensions=1,
        minimum_voxels=50,
    )
    assert found.plan.images[0].settings == Settings(
        bin_width=None,
        bin_count=32,
        distances=(1, 2),
        symmetrical=False,
        weighting="euclidean",
        dependence=2,
        array_shift=300,
        flat=True,
        flat_axis=1,
    )
    assert found.plan.families == {
        "firstorder": ("Mean", "Entropy"),
        "glcm": None,
        "gldm": None,
        "glrlm": None,
        "ngtdm": None,
    }
    assert (found.channel, found.additional_info) == (1, False)
    assert [note.setting for note in found.notes] == ["setting.binWidth"]


def test_every_setting_of_the_schema_is_known() -> None:
    import radiomics
    import yaml

    from features.radiomics.parameter_file import FileSettings, ImageTypes

    schema = yaml.safe_load(Path(radiomics.getParameterValidationFiles()[0]).read_text())
    assert set(FileSettings.model_fields) == set(schema["mapping"]["setting"]["mapping"])
    assert set(FEATURES) >= set(radiomics.getFeatureClasses())
    assert set(ImageTypes.model_fields) == set(radiomics.getImageTypes())


def test_deprecated_features_are_those_of_pyradiomics_and_left_out_unless_they_are_named(tmp_path: Path) -> None:
    import radiomics

    theirs = {
        family: {name for name, old in kind.getFeatureNames().items() if old}
        for family, kind in radiomics.getFeatureClasses().items()
    }
    named = {family: {feature.name for feature in FEATURES[family] if feature.deprecated} for family in theirs}
    assert {family: names | set(REMOVED.get(family, {})) for family, names in named.items()} == theirs
    text = "featureClass: {shape: [Compactness2], firstorder: , glcm: [Homogeneity1, SumVariance]}"
    found = load(tmp_path, text)
    assert [feature for _, _, feature in feature_names(found.plan)][:2] == ["Compactness2", "10Percentile"]
    assert "StandardDeviation" not in [feature for _, _, feature in feature_names(found.plan)]
    assert found.plan.families.keys() == {"shape", "firstorder"}
    assert [note.why for note in found.notes] == [
        "Homogeneity1 is not computed, as in pyradiomics; take Id",
        "SumVariance is not computed, as in pyradiomics; take ClusterTendency",
    ]


def test_features_of_two_dimensions_need_force2d(tmp_path: Path) -> None:
    assert "shape2D" in load(tmp_path, "setting: {force2D: true}").plan.families
    found = load(tmp_path, "featureClass: {shape2D: [], firstorder: [Mean]}")
    assert list(found.plan.families) == ["firstorder"]
    assert [note.why for note in found.notes] == ["is left out: it needs force2D"]


@pytest.mark.parametrize("name", ["param.json", "tabs.json"])
def test_json_is_read_too(tmp_path: Path, name: str) -> None:
    tab = "\t" if name.startswith("tabs") else " "
    text = f'{{\n{tab}"setting": {{"binWidth": 10, "label": 2}},\n{tab}"featureClass": {{"firstorder": null}}}}'
    found = load(tmp_path, text, name)
    assert found.plan.images[0].settings.bin_width == 10
    assert found.preparation.label == 2
    assert found.plan.families == {"firstorder": None}


def test_an_image_type_has_settings_of_its_own(tmp_path: Path) -> None:
    text = "setting: {binWidth: 25, distances: [2]}\nimageType:\n  Original: {binWidth: 5, force2D: true}\n"
    (image,) = load(tmp_path, text).plan.images
    assert image.settings == Settings(bin_width=5, distances=(2,), flat=True)


def test_each_sigma_is_an_image_with_the_name_that_pyradiomics_gives(tmp_path: Path) -> None:
    found = load(tmp_path, "imageType:\n  LoG: {sigma: [1, 2.5, 3.0], binWidth: 5}\n")
    names = [name for image in found.plan.images if image.filter for name in image.filter.names()]
    assert names == ["log-sigma-1-mm-3D", "log-sigma-2-5-mm-3D", "log-sigma-3-0-mm-3D"]
    assert {image.settings.bin_width for image in found.plan.images} == {5}


FILTER_CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "Wavelet": (
        "{wavelet: haar, level: 2, start_level: 1, force2D: true, force2Ddimension: 2}",
        "wavelet",
        {"wavelet": "haar", "level": 2, "start_level": 1, "flat": True, "flat_axis": 2},
    ),
    "Square": ("{}", "square", {}),
    "SquareRoot": ("", "squareroot", {}),
    "Logarithm": ("{}", "logarithm", {}),
    "Exponential": ("{}", "exponential", {}),
    "Gradient": ("{gradientUseSpacing: false}", "gradient", {"use_spacing": False}),
    "LBP2D": (
        "{lbp2DRadius: 2, lbp2DSamples: 12, lbp2DMethod: ror, force2Ddimension: 1}",
        "lbp2d",
        {"radius": 2, "samples": 12, "method": "ror", "axis": 1},
    ),
    "LBP3D": (
        "{lbp3DLevels: 3, lbp3DIcosphereRadius: 2, lbp3DIcosphereSubdivision: 2}",
        "lbp3d",
        {"levels": 3, "radius": 2, "subdivision": 2},
    ),
}


@pytest.mark.parametrize("name", FILTER_CASES)
def test_an_image_type_is_its_filter(tmp_path: Path, name: str) -> None:
    text, kind, settings = FILTER_CASES[name]
    (image,) = load(tmp_path, f"imageType:\n  {name}: {text}\n").plan.images
    assert image.filter == FILTERS.parse({"kind": kind, **settings})


def test_a_filter_that_is_wrong_is_told_at_its_line(tmp_path: Path) -> None:
    found = faults(tmp_path, "imageType:\n  Original: {}\n  Wavelet: {wavelet: haarr}\n")
    assert "param.yaml:3: imageType.Wavelet" in found


def test_what_changes_nothing_is_noted(tmp_path: Path) -> None:
    text = """
setting:
  padDistance: 5
  interpolator: sitkBSpline
  normalizeScale: 100
  resegmentMode: sigma
  wavelet: haar
  symmetricalGLCM: true
imageType:
  Original:
    resampledPixelSpacing: [1, 1, 1]
featureClass:
  firstorder: [StandardDeviation, Mean]
"""
    notes = [str(note).replace(f"{tmp_path}/", "") for note in load(tmp_path, text).notes]
    assert "param.yaml:3: setting.padDistance changes nothing without resampledPixelSpacing or preCrop" in notes
    assert "param.yaml:4: setting.interpolator changes nothing without resampledPixelSpacing" in notes
    assert "param.yaml:5: setting.normalizeScale changes nothing without normalize" in notes
    assert "param.yaml:6: setting.resegmentMode changes nothing without resegmentRange" in notes
    assert "param.yaml:7: setting.wavelet changes nothing without Wavelet" in notes
    assert "param.yaml:8: setting.symmetricalGLCM changes nothing without glcm" in notes
    assert any(note.startswith("param.yaml:11: imageType.Original.resampledPixelSpacing changes") for note in notes)
    assert len(notes) == 7


def test_null_is_the_default_but_switches_the_interpolator_off(tmp_path: Path) -> None:
    found = load(tmp_path, "setting: {resampledPixelSpacing: [1, 1, 1], interpolator: null, weightingNorm: null}")
    assert found.preparation.spacing_mm is None
    assert "the interpolator is null" in " ".join(map(str, found.notes))


def test_an_interpolator_may_be_a_number(tmp_path: Path) -> None:
    found = load(tmp_path, "setting: {resampledPixelSpacing: [1, 1, 1], interpolator: 2}")
    assert found.preparation.interpolator == "Linear"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("setting:\n  binWith: 25\n", 'param.yaml:2: unknown key "setting.binWith"'),
        ("setting:\n  binWith: 25\n", 'did you mean "binWidth"?'),
        ("imageType:\n  Original: {}\n  Log: {}\n", 'param.yaml:3: unknown key "imageType.Log"'),
        (
            "featureClass:\n  glcmm:\n",
            'param.yaml:2: featureClass.glcmm: there is no family "glcmm"; allowed: firstorder',
        ),
        ("featureClass:\n  glcmm:\n", 'did you mean "glcm"?'),
        ("settings: {}\n", 'did you mean "setting"?'),
        ("setting:\n  binWidth: 0\n", "param.yaml:2: setting.binWidth: Input should be greater than 0"),
        ("setting:\n  binCount: 40000\n", "less than or equal to 32768"),
        ("setting:\n  interpolator: sitkBspline\n", 'did you mean "sitkBSpline"?'),
        ("setting:\n  resampledPixelSpacing: [1, -1, 1]\n", "param.yaml:2: setting.resampledPixelSpacing.1"),
        ("setting:\n  resegmentRange: []\n", "param.yaml:2: setting.resegmentRange"),
        ("setting:\n  resegmentMode: sigmas\n", 'did you mean "sigma"?'),
        (
            "voxelSetting:\n  kernelRadius: 0\n",
            "param.yaml:2: voxelSetting.kernelRadius: Input should be greater than 0",
        ),
        ("voxelSetting:\n  kernelRadios: 2\n", 'did you mean "kernelRadius"?'),
        ("imageType:\n  Original: {label: 2}\n", "the ROI is one for all image types"),
        ("setting:\n  label: 0\n", "param.yaml:2: setting.label"),
        ("setting: [1]\n", "param.yaml:1"),
        ("setting:\n  label: 1\n  label: 2\n", "stands twice"),
    ],
)
def test_faults_name_file_and_line(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in faults(tmp_path, text)


def test_settings_of_maps_are_read(tmp_path: Path) -> None:
    found = load(tmp_path, "voxelSetting: {kernelRadius: 2, maskedKernel: false, initValue: .nan, voxelBatch: -1}")
    assert found.window == Window(2, masked=False)
    assert math.isnan(found.outside)
    assert "voxelSetting changes nothing here" in str(found.notes[0])
    assert load(tmp_path, "voxelSetting: {voxelBatch: 100, initValue:}").window == Window(1, batch=100)
    assert load(tmp_path, "voxelSetting:").notes == ()


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    found = faults(tmp_path, "setting:\n  binWith: 25\n  label: -1\nfeatureClass:\n  glmc:\n")
    assert found.startswith("3 faults")


def test_an_unknown_feature_is_a_fault(tmp_path: Path) -> None:
    found = faults(tmp_path, "featureClass:\n  firstorder:\n    - Mean\n    - Medain\n")
    assert 'param.yaml:4: unknown feature "Medain" of firstorder' in found
    assert 'did you mean "Median"?' in found


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        load_parameters(tmp_path / "none.yaml")
