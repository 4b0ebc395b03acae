"""Files of two dimensions: one slice, measured as pyradiomics measures it, whatever their format."""

from __future__ import annotations

import math
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from features.core.case import CaseId, FileSet, Scan
from features.core.kinds.recipe import Recipe
from features.core.quarantine import Rejected
from features.images.prepare import prepare_region
from features.images.region import check_region, read_region
from features.radiomics.extraction import extract_pair
from features.radiomics.pair import Pair
from features.radiomics.parameters import load_parameters

RNG = np.random.default_rng(0)
IMAGE = np.rint(RNG.normal(300, 120, (22, 25))).astype(np.int16)  # y, x
LABELS = np.zeros(IMAGE.shape, np.uint8)
LABELS[4:13, 5:17] = 1
LABELS[4:6, 5:8] = 0
SPACING = (0.8, 1.5)
PARAMETERS = """\
imageType: {Original: {}, LoG: {sigma: [1.0, 2.5]}, Wavelet: {}, Square: {}, Gradient: {}, Exponential: {}, LBP2D: {binWidth: 1}}
setting: {binWidth: 25}
"""


def write(path: Path, array: np.ndarray) -> Path:
    """A file of an array (y, x) or (z, y, x), in the place of the others."""
    spacing = (*SPACING, 4.0)[: array.ndim]
    if path.suffix == ".nii":
        affine = np.diag([-SPACING[0], -SPACING[1], 4.0, 1])
        affine[:3, 3] = 10, 20, 30
        image = nib.Nifti1Image(array.T, affine)
        image.set_qform(affine, 1)
        image.set_sform(affine, 1)
        nib.save(image, path)
    else:
        image = sitk.GetImageFromArray(array)
        image.SetSpacing(spacing)
        image.SetOrigin((-10.0, -20.0, 30.0)[: array.ndim])
        sitk.WriteImage(image, str(path))
    return path


def by_pyradiomics(image: Path, mask: Path) -> dict[str, object]:
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    extractor = RadiomicsFeatureExtractor(binWidth=25)
    extractor.disableAllImageTypes()
    for name in ("Original", "Wavelet", "Square", "Gradient", "Exponential"):
        extractor.enableImageTypeByName(name)
    extractor.enableImageTypeByName("LBP2D", customArgs={"binWidth": 1})
    extractor.enableImageTypeByName("LoG", customArgs={"sigma": [1.0, 2.5]})
    return dict(extractor.execute(str(image), str(mask)))


@pytest.mark.parametrize("ending", ["nii", "nrrd", "mha"])
def test_a_plane_has_the_values_of_pyradiomics(tmp_path: Path, ending: str) -> None:
    (tmp_path / "p.yaml").write_text(PARAMETERS)
    image, mask = write(tmp_path / f"i.{ending}", IMAGE), write(tmp_path / f"m.{ending}", LABELS)
    wanted = by_pyradiomics(image, mask)
    found = extract_pair(Pair(image, mask), load_parameters(tmp_path / "p.yaml"))
    features = {name: float(value) for name, value in wanted.items() if not name.startswith("diagnostics")}  # type: ignore[arg-type]
    assert len(features) == 11 * 93
    for name, value in features.items():
        within = 1e-4 if name.startswith("log") else 1e-6  # pyradiomics' LoG is in single precision
        assert found.features[name] == pytest.approx(value, rel=within, abs=1e-6), name
    assert {name.split("_")[1] for name in found.features.keys() - features.keys()} == {"shape"}
    assert {found.undefined[name] for name in found.undefined} == {"NO_THICKNESS"}
    assert all(math.isnan(found.features[name]) for name in found.undefined)
    for name in ("Image-original_Size", "Image-original_Dimensionality", "Mask-original_BoundingBox"):
        assert found.diagnostics[f"diagnostics_{name}"] == wanted[f"diagnostics_{name}"]


@pytest.mark.parametrize("ending", ["nii", "nrrd", "mha"])
@pytest.mark.parametrize("other", ["nii", "nrrd"])
def test_a_plane_goes_with_one_slice_of_three_dimensions(tmp_path: Path, ending: str, other: str) -> None:
    (tmp_path / "p.yaml").write_text("featureClass: {firstorder: [Mean, TotalEnergy]}\n")
    parameters = load_parameters(tmp_path / "p.yaml")
    flat = write(tmp_path / f"i.{ending}", IMAGE), write(tmp_path / f"m.{ending}", LABELS)
    solid = write(tmp_path / f"j.{other}", IMAGE[None]), write(tmp_path / f"n.{other}", LABELS[None])
    mean = IMAGE[LABELS == 1].mean()
    for image, mask in ((flat[0], solid[1]), (solid[0], flat[1])):
        assert extract_pair(Pair(image, mask), parameters).features["original_firstorder_Mean"] == pytest.approx(mean)
    beside = write(tmp_path / f"s.{other}", np.roll(LABELS, 1, axis=0)[None, :-1])
    with pytest.raises(Rejected, match="GEOMETRY.*size"):
        extract_pair(Pair(flat[0], beside), parameters)


@pytest.mark.parametrize(("ending", "other"), [("nii", "nii"), ("nrrd", "nrrd"), ("mha", "nii"), ("nii", "nrrd")])
def test_a_plane_of_a_cohort_goes_the_way_of_a_refresh(tmp_path: Path, ending: str, other: str) -> None:
    image, mask = write(tmp_path / f"i.{ending}", IMAGE), write(tmp_path / f"m.{other}", LABELS)
    files = FileSet("nifti", (image,), "0"), FileSet("nifti", (mask,), "1")
    region = read_region(Scan(CaseId("demo", "p"), "A", "MR", "arbitrary", *files, "1"))
    facts = check_region(region).facts
    assert (facts["voxels"], facts["size_z"], facts["spacing_z_mm"]) == (102, 1, 1.0)
    assert facts["intensity_mean"] == pytest.approx(IMAGE[LABELS == 1].mean())
    recipe = Recipe.model_validate(
        {
            "name": "flat",
            "modality": "MR",
            "unit": "arbitrary",
            "spacing_mm": [0.8, 1.5, 0.5],
            "discretise": {"bin_count": 16},
            "filters": [{"kind": "log", "sigma_mm": [2.0]}],
            "extractors": [{"kind": "radweave", "families": ["shape", "firstorder"]}],
        }
    )
    found = recipe.extractors[0].extract(prepare_region(region, recipe), recipe)
    assert found["original_firstorder_Mean"] == pytest.approx(IMAGE[LABELS == 1].mean())
    (filtered,) = (
        value for name, value in found.items() if name.startswith("log") and name.endswith("firstorder_Mean")
    )
    assert math.isfinite(float(filtered))
    assert math.isnan(float(found["original_shape_MeshVolume"]))
