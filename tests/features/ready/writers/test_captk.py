"""Tables of CaPTk, by the header of a public one."""

import pytest

from features.core.column import Column
from features.core.kinds.writer import WRITERS, recognise
from tests.support.headers import header_of

HEADER = header_of("captk")
WRITER = WRITERS.parse("captk")


def feature(name: str) -> Column:
    found = WRITER.feature(name)
    assert found is not None
    return found


def test_each_column_of_a_public_table_is_a_feature_and_the_id_is_left_out() -> None:
    columns = recognise(HEADER).explain(HEADER)
    assert [name for name, column in columns.items() if column is None] == ["SubjectID"]
    assert all(column.family for column in columns.values() if column)
    assert sum(bool(column and column.ibsi) for column in columns.values()) == 24


@pytest.mark.parametrize(
    ("name", "family", "ibsi", "unit", "roi"),
    [
        ("T1_ET_GLCM_Bins-16_Radius-1_Contrast", "glcm", "ACUI", "", "ET"),
        ("T1_ET_GLCM_Bins-16_Radius-1_Entropy", "glcm", "TU9B", "bits", "ET"),
        ("T1_ET_GLCM_Bins_20_Radius_2_Entropy", "glcm", "TU9B", "bits", "ET"),
        ("T1_ET_GLSZM_Bins-16_Radius-1_ZoneSizeNoneUniformityNormalized", "glszm", "VB3A", "", "ET"),
        ("FLAIR_ED_NGTDM_Coarsness", "ngtdm", "QCDE", "", "ED"),
        ("FL_TT_Volumetric_Volume", "morphology", "YEKZ", "mm³", "TT"),
        ("T2_NC_Histogram_Bins-16_Bins-16_Bin-12_Probability", "intensity_histogram", "", "", "NC"),
    ],
)
def test_a_name_tells_family_code_unit_and_region(name: str, family: str, ibsi: str, unit: str, roi: str) -> None:
    found = feature(name)
    assert (found.family, found.ibsi, found.unit, found.roi, found.filter) == (family, ibsi, unit, roi, "original")


def test_parameters_and_the_image_stand_in_the_description() -> None:
    assert feature("T1GD_ED_GLCM_Bins-16_Radius-1_Homogeneity").description == (
        "Homogeneity of glcm, Bins-16, Radius-1, on T1GD: sum of p(i, j) / (1 + (i − j)²)"
    )


@pytest.mark.parametrize(
    "word", ["Elongation", "Flatness", "Perimeter", "Roundness", "EllipseDiameter_Axis-0", "Eccentricity"]
)
def test_a_shape_of_itk_has_no_code_though_its_name_is_ibsi_s(word: str) -> None:
    assert feature(f"T1_ET_Morphologic_{word}").ibsi == ""


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("MeanAbsoluteDeviation", "with their signs: rounding"),
        ("MedianAbsoluteDeviation", "mean less median"),
        ("Variance", "by n - 1"),
        ("Kurtosis", "not less 3"),
    ],
)
def test_a_statistic_that_is_another_one_than_its_name_says_has_no_code_and_is_described(word: str, said: str) -> None:
    found = feature(f"T1_ET_Intensity_{word}")
    assert found.ibsi == ""
    assert said in found.description


def test_the_elongation_of_itk_is_the_inverse_of_ibsi_s() -> None:
    sitk = pytest.importorskip("SimpleITK")
    image = sitk.Image(50, 40, 30, sitk.sitkUInt8)
    image[10:40, 10:20, 5:10] = 1
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(image)
    assert (round(shape.GetElongation(1), 2), round(shape.GetFlatness(1), 2)) == (3.01, 2.03)
    assert "largest by the second" in feature("T1_ET_Morphologic_Elongation").description


@pytest.mark.parametrize(
    "name",
    [
        "T1_ET_GLCM_Bins-16_Radius-1_AutoCorrelation",
        "T1_ET_GLRLM_Bins-16_Radius-1_LongRunEmphasis",
        "T1_ET_GLRLM_Bins-16_Radius-1_GreyLevelNonuniformity",
        "T1_ET_GLCM_Bins-16_Radius-1_Contrast_Offset_3",
    ],
)
def test_what_captk_calls_non_compliant_or_gives_for_one_direction_has_no_code(name: str) -> None:
    assert feature(name).ibsi == ""


@pytest.mark.parametrize("name", ["GLCM_Contrast", "ET_GLCM_Contrast", "age", "T1_ET_volume"])
def test_names_of_others_are_no_features(name: str) -> None:
    assert WRITER.feature(name) is None
