"""Tables of LIFEx, by headers that scripts on GitHub read."""

import re

import pytest

from features.core.column import Column
from features.core.kinds.writer import WRITERS, recognise
from tests.support.headers import header_of

HEADER, SHORT = header_of("lifex"), header_of("lifex_short")
WRITER = WRITERS.parse("lifex")


def feature(name: str) -> Column:
    found = WRITER.feature(name)
    assert found is not None
    return found


def test_codes_are_those_of_the_header() -> None:
    columns = recognise(HEADER).explain(HEADER)
    features = {name: column for name, column in columns.items() if column}
    given = {name: re.search(r"\(IBSI:(\w+)\)", name) for name in features}
    assert {name: column.ibsi or "No" for name, column in features.items()} == {
        name: code[1] for name, code in given.items() if code
    }


def test_what_is_said_of_the_patient_and_places_written_as_text_are_left_out() -> None:
    columns = WRITER.explain(HEADER)
    assert [name for name, column in columns.items() if column is None] == [
        "INFO_PatientName",
        "INFO_NameOfRoi",
        "INFO_SeriesPath",
        "MORPHOLOGICAL_MaxIntensityCoor(IBSI:No)[vx]",
        "MORPHOLOGICAL_Centroid(IBSI:No)[vx]",
        "MORPHOLOGICAL_WeightedCenterOfMass(IBSI:No)[vx]",
    ]


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("MORPHOLOGICAL_Volume(IBSI:RNU0)[mm3]", "mm³"),
        ("MORPHOLOGICAL_Volume(IBSI:RNU0)[cm3]", "cm³"),
        ("MORPHOLOGICAL_SurfaceToVolumeRatio(IBSI:2PR5)[mm]", "1/mm"),
        ("INTENSITY-BASED_MeanIntensity(IBSI:Q4LE)[HU]", "HU"),
        ("INTENSITY-BASED_MeanIntensity(IBSI:Q4LE)[]", ""),
        ("INTENSITY-BASED_IntensityVariance(IBSI:ECT3)[HU]", "HU²"),
        ("INTENSITY-BASED_IntensitySkewness(IBSI:KE2A)[HU]", ""),
        ("INTENSITY-BASED_StandardDeviation(IBSI:No)[HU]", "HU"),
        ("INTENSITY-HISTOGRAM_IntensityHistogramMean(IBSI:X6K6)[Intensity]", ""),
        ("SHAPE_Volume(mL)", "mL"),
    ],
)
def test_a_unit_is_the_header_s_where_the_feature_can_have_it(name: str, unit: str) -> None:
    assert feature(name).unit == unit


@pytest.mark.parametrize(
    ("name", "family", "ibsi"),
    [
        ("BAS_LOCAL_INTENSITY_BASED_GlobalIntensityPeak(1mL)(HU)IBSI:0F91", "local_intensity", "0F91"),
        ("BAS_INTENSITY-BASED_AreaUnderCurveCsh(HU)IBSI:No", "intensity_statistics", ""),
        ("BAS_GLSZM_ZoneSizeEntropy(IBSI:GU8N)", "glszm", "GU8N"),
    ],
)
def test_names_of_an_earlier_form_and_behind_a_prefix_are_known(name: str, family: str, ibsi: str) -> None:
    found = feature(name)
    assert (found.family, found.ibsi) == (family, ibsi)


def test_a_change_of_a_feature_has_neither_its_code_nor_its_unit() -> None:
    found = feature("delta_MORPHOLOGICAL_Volume(IBSI:RNU0)[mm3]")
    assert (found.family, found.ibsi, found.unit) == ("morphology", "", "")


def test_short_names_of_versions_4_to_6_have_the_code_of_their_formula() -> None:
    columns = recognise(SHORT).explain(SHORT)
    assert all(column and column.family for column in columns.values())
    assert {name: column.ibsi for name, column in columns.items() if column and column.ibsi} == {
        "GLCM_Correlation": "NI2N",
        "GLCM_Contrast...Variance.": "ACUI",
        "GLCM_Entropy_log2...Joint.entropy.": "TU9B",
        "GLCM_Homogeneity...Inverse.difference.": "IB1Z",
        "GLRLM_LRE": "W4KF",
        "GLRLM_GLNU": "R5YN",
        "GLRLM_SRLGE": "HTZT",
        "NGLDM_Coarseness": "QCDE",
        "NGLDM_Contrast": "65HE",
        "NGLDM_Busyness": "NQ30",
        "GLZLM_SZE": "5QRC",
        "GLZLM_LZLGE": "YH51",
        "GLZLM_ZP": "P30P",
        "M_GLZLM_HGZE": "5GN9",
    }


def test_ngldm_of_lifex_is_the_ngtdm_of_ibsi() -> None:
    assert feature("NGLDM_Contrast").family == "ngtdm"


def test_short_names_that_others_have_too_do_not_make_a_table_one_of_lifex() -> None:
    assert recognise(["GLRLM_SRE", "GLCM_Contrast", "SHAPE_Volume"]).kind == "plain"
    assert recognise(["GLRLM_SRE", "GLCM_Contrast", "CONVENTIONAL_HUmean"]).kind == "lifex"
