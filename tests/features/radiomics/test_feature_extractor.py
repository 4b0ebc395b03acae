"""Scripts for pyradiomics give the same with one changed import: the same keys in the same order, values within 1e-6."""

import pickle
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from features.core.errors import ConfigError, RadweaveError
from features.radiomics.extract import PairError
from features.radiomics.feature_extractor import RadiomicsFeatureExtractor

THEIRS, OURS = (
    "from radiomics.featureextractor import RadiomicsFeatureExtractor",
    "from radweave import RadiomicsFeatureExtractor",
)
PARAMS = """
setting: {binWidth: 20, label: 1, interpolator: sitkBSpline, resampledPixelSpacing: [1.5, 1.5, 0], weightingNorm: null}
imageType:
  Original: {}
  Wavelet: {binWidth: 10}
featureClass:
  shape:
  glcm: [JointEntropy, Contrast, Autocorrelation]
  firstorder: [Skewness, 90Percentile, Energy]
"""
# Each as somebody has written it for pyradiomics; `results` holds what is compared.
SCRIPTS = {
    "defaults": """
extractor = RadiomicsFeatureExtractor()
results = [extractor.execute(image, mask)]
""",
    "parameter file": """
extractor = RadiomicsFeatureExtractor(params)
results = [extractor.execute(image, mask)]
""",
    "keyword settings": """
settings = {}
settings['binWidth'] = 25
settings['resampledPixelSpacing'] = (2, 2, 2)
settings['interpolator'] = sitk.sitkBSpline
settings['normalize'] = True
settings['normalizeScale'] = 100
settings['verbose'] = True
extractor = RadiomicsFeatureExtractor(**settings)
extractor.disableAllFeatures()
extractor.enableFeatureClassByName('firstorder')
extractor.enableFeatureClassByName('gldm')
results = [extractor.execute(image, mask)]
""",
    "filters by name": """
extractor = RadiomicsFeatureExtractor(binWidth=30, additionalInfo=False)
extractor.disableAllImageTypes()
extractor.enableImageTypeByName('Wavelet')
extractor.enableImageTypeByName('LoG', customArgs={'sigma': [1.0, 2.0], 'binWidth': 5})
extractor.enableImageTypes(Square={}, SquareRoot={}, Exponential={}, Logarithm={}, Gradient={})
extractor.disableAllFeatures()
extractor.enableFeaturesByName(ngtdm=[], firstorder=['Mean', 'Median', 'InterquartileRange'], shape=['Sphericity'])
results = [extractor.execute(image, mask)]
extractor.enableImageTypeByName('Square', False)
extractor.enableFeatureClassByName('ngtdm', enabled=False)
extractor.addProvenance()
results.append(extractor.execute(image, mask))
""",
    "labels": """
params = {'setting': {'binCount': 16, 'distances': [1, 2]}, 'featureClass': {'glrlm': None, 'glszm': []}}
extractor = RadiomicsFeatureExtractor(params)
results = [extractor.execute(image, mask, label=label) for label in (1, 2)]
extractor.settings['label'] = 2
extractor.settings.pop('binCount')
results.append(extractor.execute(sitk.ReadImage(image), sitk.ReadImage(mask)))
layers = sitk.Compose(sitk.ReadImage(mask) == 2, sitk.ReadImage(mask) == 1)
results.append(extractor.execute(image, layers, 1, 1))
""",
    "resegmented and cropped": """
extractor = RadiomicsFeatureExtractor()
extractor.loadJSONParams('''{"setting": {"preCrop": true, "resegmentRange": [-1.5, 2], "resegmentMode": "sigma",
                                       "resegmentShape": true}}''')
extractor.enableFeaturesByName(firstorder=['Range', 'Entropy'])
results = [extractor.execute(image, mask)]
extractor.settings['correctMask'] = True
results.append(extractor.execute(image, sitk.ConstantPad(sitk.ReadImage(mask), [2, 1, 0], [0, 0, 3])))
extractor.loadParams(params)
extractor.disableAllImageTypes()
results.append(extractor.execute(image, mask))
extractor.disableAllFeatures()
results.append(extractor.execute(image, mask))
""",
    "two dimensions": """
flat, roi = sitk.ReadImage(image)[:, :, 6], sitk.ReadImage(mask)[:, :, 6]
extractor = RadiomicsFeatureExtractor()
extractor.enableAllFeatures()
extractor.enableImageTypeByName('Wavelet')
results = [extractor.execute(flat, roi)]
extractor.settings['resampledPixelSpacing'] = [1.5, 1.5]
results.append(extractor.execute(flat, roi))
slices = RadiomicsFeatureExtractor(force2D=True, additionalInfo=True)
slices.enableFeatureClassByName('shape2D')
one = sitk.ReadImage(mask)
one[:, :, :6] = 0
one[:, :, 7:] = 0
results.append(slices.execute(image, one))
""",
    "maps": """
extractor = RadiomicsFeatureExtractor(kernelRadius=2, initValue=-1, binWidth=30)
extractor.disableAllFeatures()
extractor.enableFeaturesByName(glcm=['JointEnergy', 'Contrast'], firstorder=['Mean'], shape=[])
extractor.enableImageTypeByName('Square')
results = [extractor.execute(image, mask, voxelBased=True)]
flat, roi = sitk.ReadImage(image)[:, :, 6], sitk.ReadImage(mask)[:, :, 6]
extractor.disableAllFeatures()
extractor.enableFeaturesByName(gldm=['DependenceEntropy'])
results.append(extractor.execute(flat, roi, voxelBased=True))
""",
}


WHOLE = {
    "imageType": {"Original": {}, "LoG": {"sigma": [1.0, 3.0, 5.0]}, "Wavelet": {}},
    "featureClass": {
        **dict.fromkeys(("shape", "firstorder")),
        "glcm": ["Autocorrelation", "JointAverage", "ClusterProminence", "Contrast", "Imc1", "Imc2", "MCC", "Idmn"],
        **dict.fromkeys(("glrlm", "glszm", "gldm")),
    },
    "setting": {
        "interpolator": "sitkBSpline",
        "resampledPixelSpacing": [2, 2, 2],
        "padDistance": 10,
        "resegmentRange": [-3, 3],
        "resegmentMode": "sigma",
        "voxelArrayShift": 1000,
        "minimumROISize": 50,
    },
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An image, a mask of two labels and a parameter file, by the names that the scripts use."""
    folder = tmp_path_factory.mktemp("scripts")
    rng = np.random.default_rng(5)
    labels = np.zeros((14, 22, 24), np.uint8)
    labels[3:10, 5:16, 6:17] = 1
    labels[3, 5, 6:9] = 0
    labels[10:13, 12:20, 3:12] = 2
    smooth = rng.normal(100, 50, labels.shape).cumsum(axis=2) / 6
    for name, array in (("image", smooth.astype(np.int16)), ("mask", labels)):
        found = sitk.GetImageFromArray(array)
        found.SetSpacing((0.9, 0.9, 2.0))
        found.SetOrigin((-10.0, 5.5, 30.0))
        sitk.WriteImage(found, str(folder / f"{name}.nrrd"))
    (folder / "Params.yaml").write_text(PARAMS)
    return {
        name: str(folder / file)
        for name, file in (("image", "image.nrrd"), ("mask", "mask.nrrd"), ("params", "Params.yaml"))
    }


def run(script: str, files: dict[str, str], line: str) -> list[OrderedDict[str, Any]]:
    place: dict[str, Any] = {**files}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyradiomics' checker of parameters uses what Python will drop
        exec(f"import SimpleITK as sitk\n{line}\n{script}", place)
    return place["results"]  # type: ignore[no-any-return]


def differs(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, sitk.Image):
        grids = [(one.GetSize(), one.GetPixelID()) for one in (ours, theirs)]
        places = [[*one.GetSpacing(), *one.GetOrigin(), *one.GetDirection()] for one in (ours, theirs)]
        arrays = [sitk.GetArrayFromImage(one) for one in (ours, theirs)]
        return grids[0] != grids[1] or not np.allclose(*places) or not np.allclose(*arrays, rtol=1e-6)
    if isinstance(theirs, np.ndarray):
        return (
            not isinstance(ours, np.ndarray) or ours.shape != () or not np.isclose(ours, theirs, rtol=1e-6, atol=1e-9)
        )
    if isinstance(theirs, str | dict):
        return bool(ours != theirs)
    return not np.allclose(ours, theirs, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_gives_the_same_with_one_changed_import(name: str, files: dict[str, str]) -> None:
    ours, theirs = (run(SCRIPTS[name], files, line) for line in (OURS, THEIRS))
    assert len(ours) == len(theirs)
    for one, another in zip(ours, theirs, strict=True):
        assert list(one) == list(another)
        assert type(one) is OrderedDict
        said = "diagnostics_Versions_"
        wrong = {
            key: (one[key], another[key])
            for key in another
            if not key.startswith(said) and differs(one[key], another[key])
        }
        assert wrong == {}


def test_a_plain_script_gives_the_same_and_says_who_computed_it(files: dict[str, str]) -> None:
    script = """
extractor = RadiomicsFeatureExtractor(params)
extractor.disableAllImageTypes()
extractor.enableImageTypeByName('Original')
results = [extractor.execute(image, mask)]
"""
    (ours,), (theirs,) = (run(script, files, line) for line in (OURS, THEIRS))
    assert list(ours) == list(theirs)
    assert ours["diagnostics_Versions_PyRadiomics"].startswith("radweave ")
    assert float(ours["original_glcm_Contrast"]) == pytest.approx(float(theirs["original_glcm_Contrast"]), rel=1e-6)


def test_a_setting_that_is_misspelt_is_named_where_pyradiomics_goes_on_without_it() -> None:
    with pytest.raises(
        ConfigError, match=r'RadiomicsFeatureExtractor: unknown key "setting.binwidth".*mean "binWidth"'
    ):
        RadiomicsFeatureExtractor(binwidth=25)


def test_faults_of_a_parameter_file_have_their_line(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("setting:\n  binWidth: -1\n  sigmas: [1]\n")
    with pytest.raises(ConfigError, match=r"(?s)2 faults.*bad.yaml:2: setting.binWidth.*bad.yaml:3: unknown key"):
        RadiomicsFeatureExtractor(str(tmp_path / "bad.yaml"))
    with pytest.raises(ConfigError, match="there is no such file"):
        RadiomicsFeatureExtractor(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="the text is not JSON"):
        RadiomicsFeatureExtractor().loadJSONParams("{")
    with pytest.raises(
        ConfigError, match="RadiomicsFeatureExtractor: the document: Input should be a valid dictionary"
    ):
        RadiomicsFeatureExtractor(25)  # type: ignore[arg-type]


def test_features_and_image_types_that_there_are_not_are_told(
    files: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    extractor = RadiomicsFeatureExtractor()
    extractor.enableFeatureClassByName("glmc")
    extractor.enableImageTypeByName("LOG")
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "there is no family glmc",
        "there is no image type LOG",
    ]
    extractor.enableFeaturesByName(glcm=["contrast"])
    with pytest.raises(ConfigError, match='unknown feature "contrast" of glcm.*did you mean "Contrast"'):
        extractor.execute(files["image"], files["mask"])


def test_what_cannot_be_measured_is_a_value_error_with_file_reason_and_remedy(files: dict[str, str]) -> None:
    extractor = RadiomicsFeatureExtractor()
    with pytest.raises(ValueError, match=r"LABEL_ABSENT: .*mask.nrrd: the mask has no voxel of label 9") as found:
        extractor.execute(files["image"], files["mask"], label=9)
    assert isinstance(found.value, PairError)
    assert found.value.code == "LABEL_ABSENT"
    again = pickle.loads(pickle.dumps(found.value))  # noqa: S301
    assert (again.code, str(again)) == (found.value.code, str(found.value))
    with pytest.raises(PairError, match="IMAGE_MISSING: none.nrrd: there is no such file"):
        extractor.execute("none.nrrd", files["mask"])
    with pytest.raises(RadweaveError, match="the mask: found builtins.int; allowed: a path, an image of SimpleITK"):
        extractor.execute(files["image"], 3)  # type: ignore[arg-type]
    with pytest.raises(RadweaveError, match="label: found 0; allowed: whole numbers above 0"):
        extractor.execute(files["image"], files["mask"], label=0)


@pytest.mark.data
@pytest.mark.slow
def test_a_public_case_with_a_whole_parameter_file_gives_the_same(public_data: Path) -> None:
    folder = public_data / "pyradiomics"
    case = {
        role: str(next(folder.rglob(f"brain1_{name}.nrrd"))) for role, name in (("image", "image"), ("mask", "label"))
    }
    script = f"extractor = RadiomicsFeatureExtractor({WHOLE!r})\nresults = [extractor.execute(image, mask)]\n"
    (ours,), (theirs,) = (run(script, case, line) for line in (OURS, THEIRS))
    assert (list(ours), len(ours)) == (list(theirs), 925)
    said = "diagnostics_Versions_"
    assert [key for key in theirs if not key.startswith(said) and differs(ours[key], theirs[key])] == []


def test_numbers_that_pyradiomics_would_take_time_and_memory_for_are_refused_not_left_out(
    files: dict[str, str],
) -> None:
    with pytest.raises(PairError, match=r"^TOO_MANY_BINS: \S+image.nrrd: original: [^;]+; use a larger bin width$"):
        RadiomicsFeatureExtractor(binWidth=1e-5).execute(files["image"], files["mask"])


def test_shape2d_of_several_slices_is_an_error_as_in_pyradiomics(files: dict[str, str]) -> None:
    extractor = RadiomicsFeatureExtractor(force2D=True)
    extractor.enableFeatureClassByName("shape2D")
    with pytest.raises(PairError, match="the ROI has several slices"):
        extractor.execute(files["image"], files["mask"])


def test_what_is_undefined_is_nan_and_is_warned_of(files: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    extractor = RadiomicsFeatureExtractor(binWidth=1e4)
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(glcm=["Correlation", "Contrast"])
    found = extractor.execute(files["image"], files["mask"])
    assert np.isnan(found["original_glcm_Correlation"])
    assert found["original_glcm_Contrast"] == 0
    assert "1 feature is empty: ONE_GREY_LEVEL: original_glcm_Correlation" in caplog.text


def test_an_image_too_small_for_a_filter_is_left_out_and_warned_of(
    files: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    extractor = RadiomicsFeatureExtractor()
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(firstorder=["Mean"])
    extractor.enableImageTypes(LoG={"sigma": [1.0, 60.0]})
    found = [name for name in extractor.execute(files["image"], files["mask"]) if not name.startswith("diagnostics_")]
    assert found == ["original_firstorder_Mean", "log-sigma-1-0-mm-3D_firstorder_Mean"]
    assert "log-sigma-60-0-mm-3D" in caplog.text


def test_an_image_of_8_bits_has_the_grey_levels_of_the_same_image_in_16() -> None:
    """pyradiomics' do not, with numpy 2: the edge of the last bin runs over."""
    voxels = np.random.default_rng(0).integers(0, 256, (9, 9, 9))
    mask = sitk.GetImageFromArray(np.pad(np.ones((7, 7, 7), np.uint8), 1))
    extractor = RadiomicsFeatureExtractor(additionalInfo=False)
    extractor.disableAllFeatures()
    extractor.enableFeaturesByName(firstorder=["Entropy"], glcm=["Contrast"])
    narrow, wide = (extractor.execute(sitk.GetImageFromArray(voxels.astype(t)), mask) for t in (np.uint8, np.int16))
    assert narrow == wide
    assert narrow["original_firstorder_Entropy"] > 3


def test_steps_that_only_pyradiomics_offers_are_named() -> None:
    extractor = RadiomicsFeatureExtractor()
    with pytest.raises(AttributeError, match="has no attribute 'loadImage': radweave computes a pair as a whole"):
        extractor.loadImage("image.nrrd", "mask.nrrd")
    assert pickle.loads(pickle.dumps(extractor)).settings == extractor.settings  # noqa: S301


def test_what_one_extractor_is_told_another_does_not_hear() -> None:
    RadiomicsFeatureExtractor().settings["distances"].append(2)
    assert RadiomicsFeatureExtractor().settings["distances"] == [1]
