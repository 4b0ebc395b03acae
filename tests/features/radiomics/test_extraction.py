"""Features of a pair are those of pyradiomics, as are diagnostics; what is undefined is told and leaves the rest alone."""

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.core.quarantine import Rejected
from features.core.region import Volume
from features.radiomics.extraction import extract_features, extract_pair
from features.radiomics.pair import Pair
from features.radiomics.parameters import Parameters, default_parameters, load_parameters
from features.radiomics.prepare_pair import itk_image

FILES = {
    "filtered": "imageType: {Square: {binWidth: 3}, SquareRoot: {}, Logarithm: {}, Exponential: {}, Gradient: {binWidth: 5}}",
    "plain": "",
    "resampled": "setting: {resampledPixelSpacing: [1.5, 1.5, 1.5], normalize: true, normalizeScale: 100, binWidth: 10}",
    "cropped": "setting: {preCrop: true, resegmentRange: [-2, 2], resegmentMode: sigma, resegmentShape: true}",
}


def parameters(tmp_path: Path, text: str, families: tuple[str, ...] = ("firstorder",)) -> Parameters:
    path = tmp_path / "param.yaml"
    path.write_text(f"{text}\nfeatureClass: {{{', '.join(f'{name}: []' for name in families)}}}\n")
    return load_parameters(path)


def pair(dtype: type = np.int16) -> tuple[Volume, Volume]:
    rng = np.random.default_rng(11)
    labels = np.zeros((12, 20, 22), np.uint8)
    labels[3:9, 5:15, 6:16] = 1
    labels[3, 5, 6:9] = 0
    grid = ((0.8, 0.9, 2.0), (-5.0, 7.5, 30.0))
    return Volume(rng.normal(100, 60, labels.shape).astype(dtype), *grid), Volume(labels, *grid)


def by_pyradiomics(tmp_path: Path, image: Volume, labels: Volume) -> dict[str, Any]:
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its checker of files uses what Python will drop
        extractor = RadiomicsFeatureExtractor(str(tmp_path / "param.yaml"))
        return dict(extractor.execute(itk_image(image), itk_image(labels)))


def alike(ours: object, theirs: object) -> bool:
    if isinstance(theirs, tuple | list | float | int | np.ndarray | np.generic):
        return ours == pytest.approx(np.asarray(theirs).tolist(), rel=1e-9, abs=1e-9)
    return ours == theirs


@pytest.mark.parametrize("name", FILES)
def test_features_and_diagnostics_are_those_of_pyradiomics(tmp_path: Path, name: str) -> None:
    chosen = parameters(tmp_path, FILES[name])
    image, labels = pair()
    found = extract_features(image, labels, chosen)
    reference = by_pyradiomics(tmp_path, image, labels)
    both = {**found.diagnostics, **found.features}
    own = ("diagnostics_Versions_", "diagnostics_Configuration_")
    wanted = {key: value for key, value in reference.items() if not key.startswith(own)}
    assert {key for key in both if not key.startswith(own)} == set(wanted)
    assert [key for key, value in wanted.items() if not alike(both[key], value)] == []
    assert (found.undefined, found.rejected, found.flat) == ({}, {}, False)


def test_squares_on_the_edges_of_bins_are_in_the_bins_of_pyradiomics(tmp_path: Path) -> None:
    chosen = parameters(tmp_path, "imageType: {Square: {binWidth: 3}}", ("firstorder", "glcm"))
    image, labels = pair()
    steps = np.clip(np.round(image.array / 10), -13, 13).astype(np.int16)
    image = Volume(78 * steps, image.spacing_mm, image.origin_mm)  # squares over 1014 are multiples of 6
    found, reference = extract_features(image, labels, chosen).features, by_pyradiomics(tmp_path, image, labels)
    assert [name for name, value in found.items() if not alike(value, float(reference[name]))] == []


def test_deprecated_features_that_are_named_are_those_of_pyradiomics(tmp_path: Path) -> None:
    text = "{shape: [Compactness1, Compactness2, SphericalDisproportion, Sphericity], firstorder: [StandardDeviation]}"
    (tmp_path / "param.yaml").write_text(f"featureClass: {text}\n")
    image, labels = pair()
    found = extract_features(image, labels, load_parameters(tmp_path / "param.yaml")).features
    reference = by_pyradiomics(tmp_path, image, labels)
    assert len(found) == 5
    assert [name for name, value in found.items() if not alike(value, float(reference[name]))] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_all_families_have_pyradiomics_values(tmp_path: Path, name: str) -> None:
    chosen = parameters(tmp_path, FILES[name], ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"))
    image, labels = pair()
    found = extract_features(image, labels, chosen).features
    reference = by_pyradiomics(tmp_path, image, labels)
    assert set(found) == {key for key in reference if not key.startswith("diagnostics_")}
    assert {key: value for key, value in found.items() if value != pytest.approx(float(reference[key]), rel=1e-6)} == {}


def test_additional_info_may_be_left_out(tmp_path: Path) -> None:
    assert extract_features(*pair(), parameters(tmp_path, "setting: {additionalInfo: false}")).diagnostics == {}


def test_a_label_goes_before_the_parameters(tmp_path: Path) -> None:
    image, labels = pair()
    with pytest.raises(Rejected, match="no voxel of label 4"):
        extract_features(image, labels, parameters(tmp_path, ""), label=4)


def test_a_flat_roi_is_told(tmp_path: Path) -> None:
    image, labels = pair()
    flat = Volume(np.full(image.array.shape, 7, np.int16), image.spacing_mm, image.origin_mm)
    found = extract_features(flat, labels, parameters(tmp_path, ""))
    assert found.flat
    assert found.features["original_firstorder_Mean"] == 7
    assert all(value is not None for value in found.features.values())


def test_too_many_bins_leave_an_image_type_without_features_and_say_so(tmp_path: Path) -> None:
    image, labels = pair()
    found = extract_features(image, labels, parameters(tmp_path, "setting: {binWidth: 0.001}"))
    assert found.rejected["original"].code == "TOO_MANY_BINS"
    assert all(math.isnan(value) for value in found.features.values())


def test_an_image_too_small_for_a_filter_leaves_the_others_alone(tmp_path: Path) -> None:
    text = "imageType:\n  LoG: {sigma: [1.0, 40.0]}\n"
    found = extract_features(*pair(), parameters(tmp_path, text, ("shape", "firstorder")))
    assert [(name, why.code) for name, why in found.rejected.items()] == [("log-sigma-40-0-mm-3D", "FILTER_SIZE")]
    assert math.isnan(found.features["log-sigma-40-0-mm-3D_firstorder_Mean"])
    assert math.isfinite(found.features["log-sigma-1-0-mm-3D_firstorder_Mean"])
    assert found.features["original_shape_VoxelVolume"] == pytest.approx(597 * 0.8 * 0.9 * 2)


def test_shape_does_not_need_the_original_image(tmp_path: Path) -> None:
    found = extract_features(*pair(), parameters(tmp_path, "imageType: {LoG: {sigma: [1.0]}}", ("shape", "firstorder")))
    assert "original_shape_VoxelVolume" in found.features
    assert "original_firstorder_Mean" not in found.features


def test_nan_round_the_roi_is_refused_where_a_filter_would_spread_it(tmp_path: Path) -> None:
    image, labels = pair(np.float32)
    array = np.array(image.array)
    array[0, 0, 0] = np.nan
    image = Volume(array, image.spacing_mm, image.origin_mm)
    with pytest.raises(Rejected, match="round the ROI"):
        extract_features(image, labels, parameters(tmp_path, "imageType: {LoG: {sigma: [1.0]}}"))
    assert math.isfinite(extract_features(image, labels, parameters(tmp_path, "")).features["original_firstorder_Mean"])


def test_files_that_are_not_there_are_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as found:
        extract_pair(Pair(tmp_path / "image.nii", tmp_path / "mask.nii"), default_parameters())
    assert found.value.code == "IMAGE_MISSING"
    assert found.value.message.startswith(f"{tmp_path / 'image.nii'}: there is no such file; ")
