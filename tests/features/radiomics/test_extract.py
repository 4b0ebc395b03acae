"""extract: paths, SimpleITK images and arrays give the same; outcome, warnings and errors are at hand."""

import math
from contextvars import copy_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk

from features.core.errors import ConfigError, DataError, RadweaveError
from features.core.memory import limit_memory
from features.radiomics.extract import PairError, extract
from features.radiomics.extraction import extract_pair
from features.radiomics.pair import Pair
from features.radiomics.parameters import load_parameters

FEW = {"setting": {"binWidth": 10}, "featureClass": {"firstorder": ["Mean", "Entropy"], "shape": ["MeshVolume"]}}
SPACING = (0.8, 0.9, 2.0)


@pytest.fixture(scope="module")
def arrays() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    labels = np.zeros((8, 14, 15), np.uint8)
    labels[2:6, 3:11, 4:12] = 1
    labels[6, 3:8, 3:8] = 2
    return rng.normal(80, 30, labels.shape).astype(np.int16), labels


@pytest.fixture(scope="module")
def images(arrays: tuple[np.ndarray, np.ndarray]) -> list[sitk.Image]:
    found = [sitk.GetImageFromArray(array) for array in arrays]
    for one in found:
        one.SetSpacing(SPACING)
    return found


@pytest.fixture(scope="module")
def paths(images: list[sitk.Image], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("extract")
    for name, image in zip(("image.nii.gz", "mask.mha"), images, strict=True):
        sitk.WriteImage(image, str(folder / name))
    (folder / "Params.yaml").write_text(
        "setting: {binWidth: 10, padDistance: 3}\nfeatureClass: {firstorder: [Mean, Entropy], shape: [MeshVolume]}\n"
    )
    return folder / "image.nii.gz", folder / "mask.mha"


def test_paths_images_and_arrays_give_the_same(arrays, images, paths) -> None:
    by_path = extract(str(paths[0]), paths[1], param=FEW)
    assert extract(*images, param=FEW) == pytest.approx(by_path)  # NIfTI tells spacings in single precision
    assert extract(*arrays, param=FEW, spacing_mm=SPACING) == pytest.approx(by_path)
    file = paths[0].parent / "Params.yaml"
    command = extract_pair(Pair(*paths), load_parameters(file))
    assert list(extract(*paths, param=file).items()) == list(command.features.items())
    assert (by_path.outcome, by_path.code, dict(by_path.undefined), by_path.warnings) == ("computed", "", {}, ())
    assert by_path.diagnostics["diagnostics_Mask-original_VoxelNum"] == 4 * 8 * 8
    assert "padDistance changes nothing" in extract(*paths, param=file).notes[0]
    assert pd.Series(by_path)["original_firstorder_Mean"] == by_path["original_firstorder_Mean"]


def test_a_label_and_a_channel_may_be_chosen(arrays, images) -> None:
    second = extract(*images, param=FEW, label=2)
    assert second["original_firstorder_Mean"] == pytest.approx(arrays[0][arrays[1] == 2].mean())
    layers = sitk.Compose(images[1] == 9, images[1] == 2)
    assert extract(images[0], layers, param=FEW, channel=1) == second


def test_a_slice_may_be_given(arrays, images) -> None:
    mean = arrays[0][4][arrays[1][4] == 1].mean()
    for found in (
        extract(images[0][:, :, 4], images[1][:, :, 4]),
        extract(arrays[0][4], arrays[1][4] == 1, spacing_mm=SPACING[:2]),
    ):
        assert found["original_firstorder_Mean"] == pytest.approx(mean)
        assert (found.outcome, found.undefined["original_shape_MeshVolume"]) == ("partly", "NO_THICKNESS")
        assert found.code == "UNDEFINED"
        assert "features are empty" in found.message
        assert math.isnan(found["original_shape_MeshVolume"])


def test_what_cannot_be_measured_is_an_error_that_names_file_and_remedy(arrays, images, paths) -> None:
    with pytest.raises(
        PairError, match=r"GEOMETRY: .*image.nii.gz and the mask: image and mask have different grids"
    ) as found:
        extract(paths[0], images[1][:, :, 1:], param=FEW)
    assert isinstance(found.value, DataError)
    assert isinstance(found.value, ValueError)
    with pytest.raises(PairError, match="MASK_MISSING: none.nrrd: there is no such file"):
        extract(paths[0], "none.nrrd")
    with pytest.raises(PairError, match="UNREADABLE: .*Params.yaml: the file is of no known kind"):
        extract(paths[0].parent / "Params.yaml", paths[1])
    with pytest.raises(PairError, match="LABEL_ABSENT: the mask: .*labels that are there: 1, 2"):
        extract(*images, label=3)
    with pytest.raises(PairError, match="NII_4D: the image: "):
        extract(sitk.Image([2, 2, 2, 2], sitk.sitkInt16), images[1])
    colours = sitk.Compose(images[0], images[0], images[0])
    sitk.WriteImage(colours, str(paths[0].parent / "colours.nrrd"))
    for given in (colours, paths[0].parent / "colours.nrrd"):
        with pytest.raises(PairError, match="voxels hold 3 numbers each; allowed: one"):
            extract(given, images[1])


def test_arguments_that_cannot_be_are_told(arrays, images) -> None:
    with pytest.raises(
        RadweaveError, match=r"an array does not tell how large its voxels are; give spacing_mm=\(x, y, z\)"
    ):
        extract(*arrays)
    with pytest.raises(RadweaveError, match=r"spacing_mm: found \(1.0, 1.0\); needed are 3 numbers above 0"):
        extract(*arrays, spacing_mm=(1, 1))
    with pytest.raises(RadweaveError, match=r"the image: found an array of shape \(2, 2, 2, 2\)"):
        extract(np.zeros((2, 2, 2, 2)), arrays[1], spacing_mm=SPACING)
    with pytest.raises(RadweaveError, match="the image: found an array of complex128"):
        extract(arrays[0].astype(complex), arrays[1], spacing_mm=SPACING)
    with pytest.raises(ConfigError, match='the parameters: unknown key "setting.binWith".*did you mean "binWidth"'):
        extract(*images, param={"setting": {"binWith": 3}})


def test_a_pair_that_does_not_fit_into_memory_is_told(images) -> None:
    def compute() -> None:
        limit_memory(1000)
        extract(*images, param={"setting": {"resampledPixelSpacing": [0.2, 0.2, 0.2]}})

    with pytest.raises(PairError, match="OOM_RISK: the pair needs about .* GiB; there are 0.0 GiB; "):
        copy_context().run(compute)
