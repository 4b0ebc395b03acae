"""Tables of pyradiomics: what its package itself writes, and what its versions wrote."""

from typing import Any

import numpy as np
import pytest

from features.core.column import Column
from features.core.kinds.writer import WRITERS, recognise
from features.radiomics.dialects.pyradiomics import code_of

WRITER = WRITERS.parse("pyradiomics")


def explain(*header: str) -> Column:
    found = next(iter(WRITER.explain(header).values()))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    """One row as pyradiomics' command line writes it, with paths and diagnostics."""
    sitk = pytest.importorskip("SimpleITK")
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    image = sitk.GetImageFromArray(np.random.default_rng(0).normal(100, 30, (10, 12, 12)))
    mask = np.zeros((10, 12, 12), np.uint8)
    mask[2:8, 3:9, 3:9] = 1
    extractor = RadiomicsFeatureExtractor(binWidth=25)
    extractor.enableImageTypeByName("LoG", customArgs={"sigma": [1.0, 2]})
    found = extractor.execute(image, sitk.GetImageFromArray(mask))
    return {"Image": "image.nrrd", "Mask": "mask.nrrd", **found}


def test_each_column_of_a_row_that_it_writes_is_a_feature_or_a_diagnostic(written: dict[str, Any]) -> None:
    columns = recognise(written).explain(written)
    diagnostics = [name for name, column in columns.items() if column is None]
    assert diagnostics == ["Image", "Mask", *(name for name in written if name.startswith("diagnostics_"))]
    features = {name: column for name, column in columns.items() if column}
    assert len(features) == 107 + 2 * 93  # shape is that of the original image alone
    assert [f"{one.filter}_{one.family}_{name.rpartition('_')[2]}" for name, one in features.items()] == list(features)
    assert all(one.ibsi == code_of(one.family, name.rpartition("_")[2]) for name, one in features.items())


@pytest.mark.parametrize(
    ("name", "family", "image", "ibsi", "unit", "modality"),
    [
        ("original_shape_MeshVolume", "shape", "original", "RNU0", "mm³", ""),
        ("CT_original_firstorder_Entropy", "firstorder", "original", "TLU2", "bits", "CT"),
        ("PET_original_firstorder_Mean", "firstorder", "original", "Q4LE", "", "PT"),
        ("GTV-1_original_firstorder_Kurtosis", "firstorder", "original", "", "", ""),
        ("Portal_vein_original_glcm_Contrast", "glcm", "original", "ACUI", "", ""),
        ("log-sigma-1-0-mm-3D_glrlm_RunEntropy", "glrlm", "log-sigma-1-0-mm-3D", "HJ9O", "bits", ""),
        ("wavelet2-LLH_ngtdm_Contrast", "ngtdm", "wavelet2-LLH", "65HE", "", ""),
        ("wavelet.LLH_ngtdm_Contrast", "ngtdm", "wavelet.LLH", "65HE", "", ""),
        ("lbp-3D-m1_glszm_ZonePercentage", "glszm", "lbp-3D-m1", "P30P", "", ""),
        ("original_shape_Volume", "shape", "original", "YEKZ", "mm³", ""),
        ("original_glcm_Homogeneity1", "glcm", "original", "IB1Z", "", ""),
        ("square_gldzm_ZonePercentage", "gldzm", "square", "", "", ""),
    ],
)
def test_a_name_tells_family_image_code_unit_and_modality(
    name: str, family: str, image: str, ibsi: str, unit: str, modality: str
) -> None:
    found = explain(name)
    assert (found.name, found.family, found.filter) == (name, family, image)
    assert (found.ibsi, found.unit, found.modality) == (ibsi, unit, modality)


def test_the_formula_stands_in_the_description_so_that_what_differs_from_ibsi_is_read() -> None:
    assert explain("original_firstorder_Kurtosis").description == (
        "Kurtosis of firstorder on the original image: Fourth central moment over the square of the variance."
    )
    assert "with the shift added" in explain("original_firstorder_Energy").description


def test_a_change_of_a_feature_has_neither_its_code_nor_its_unit() -> None:
    found = explain("delta_CT_original_shape_MeshVolume")
    assert (found.family, found.ibsi, found.unit, found.modality) == ("shape", "", "", "CT")
    assert found.description == "MeshVolume of shape on the original image, as delta_CT"


def test_what_a_name_meant_before_version_1_2_is_told_from_the_header() -> None:
    name = "CT_original_shape_Elongation"
    assert (explain(name).ibsi, explain(name).version) == ("Q3CK", "pyradiomics")
    early = explain(name, "log-sigma-1-0-mm-3D_glcm_SumVariance2")
    assert (early.ibsi, early.version) == ("", "pyradiomics before 1.2")
    assert early.description == "Elongation of shape on the original image: the inverse of what it is since 1.2"
    assert explain("original_glcm_SumVariance").ibsi == "OEEB"
    assert explain("original_glcm_SumVariance", "original_glcm_SumVariance2").ibsi == ""
    assert explain("original_glcm_SumVariance2").ibsi == "OEEB"


@pytest.mark.parametrize("name", ["general_info_BoundingBox", "CT_diagnostics_Versions_PyRadiomics", "Mask"])
def test_paths_versions_and_settings_are_diagnostics(name: str) -> None:
    assert WRITER.explain([name]) == {name: None}


@pytest.mark.parametrize("name", ["original_volume", "shape_Volume", "originals_shape_Volume", "age"])
def test_other_names_are_no_features(name: str) -> None:
    assert WRITER.feature(name) is None
