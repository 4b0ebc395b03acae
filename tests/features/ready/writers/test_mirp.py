"""Tables of MIRP, by a header that it wrote."""

import pytest

from features.core.column import Column
from features.core.kinds.writer import WRITERS, recognise
from tests.support.headers import header_of

HEADER = header_of("mirp")
WRITER = WRITERS.parse("mirp")


def test_each_column_that_it_writes_is_a_feature_with_a_code_or_is_left_out() -> None:
    columns = recognise(HEADER).explain(HEADER)
    left_out = [name for name, column in columns.items() if column is None]
    features = {name: column for name, column in columns.items() if column}
    assert left_out == [name for name in HEADER if name.startswith(("sample_name", "image_"))]
    assert all(column.family for column in features.values())
    assert [name for name, column in features.items() if not column.ibsi] == [
        "morph_max_2d_diam_z",
        "morph_max_2d_diam_y",
        "morph_max_2d_diam_x",
        "stat_energy_offset",
        "stat_rms_offset",
        "stat_total_energy",
        "stat_total_energy_offset",
        "cm_mcc_d1_3d_v_mrg_fbn_n16",
        "cm_contrast_d1_3d_v_mrg_fbsp_w25.0",
    ]


@pytest.mark.parametrize(
    ("name", "family", "image", "ibsi", "unit"),
    [
        ("morph_volume", "morphology", "original", "RNU0", "mm³"),
        ("stat_energy", "intensity_statistics", "original", "N8CA", ""),
        ("stat_p25", "intensity_statistics", "original", "", ""),
        ("ivh_v25", "intensity_volume_histogram", "original", "BC2M", ""),
        ("ivh_diff_i25_i75", "intensity_volume_histogram", "original", "CNV2", ""),
        ("ngl_hde_d1_a0.0_3d_fbs_w25.0", "ngldm", "original", "IMOQ", ""),
        ("log_s_3.0_cm_contrast_d1_3d_v_mrg_fbn_n16", "glcm", "log_s_3.0", "ACUI", ""),
        (
            "wavelet_coif1_llh_level_1_ih_entropy_fbn_n16",
            "intensity_histogram",
            "wavelet_coif1_llh_level_1",
            "TLU2",
            "bits",
        ),
        ("square_stat_mean", "intensity_statistics", "square", "Q4LE", ""),
        ("szm_sze_2d_range_fbn_n16", "glszm", "original", "", ""),
    ],
)
def test_a_name_tells_family_filter_code_and_unit(name: str, family: str, image: str, ibsi: str, unit: str) -> None:
    found = WRITER.feature(name)
    assert found is not None
    assert (found.family, found.filter, found.ibsi, found.unit) == (family, image, ibsi, unit)


def test_the_description_says_how_slices_directions_and_levels_were_put_together() -> None:
    found = WRITER.feature("gaussian_s_2.0_cm_contrast_d1_2.5d_d_mrg_fbs_w25.0")
    assert isinstance(found, Column)
    assert found.description == (
        "contrast of glcm, slices of a direction merged, averaged over directions, bins 25.0 wide,"
        " on the gaussian_s_2.0 image: sum of (i − j)² · p(i, j)"
    )


def test_what_version_1_wrote_beside_features_is_left_out() -> None:
    assert WRITER.explain(["id_subject", "img_data_modality"]) == {"id_subject": None, "img_data_modality": None}


@pytest.mark.parametrize("name", ["glucose_stat_mean", "stat_meaning", "cm_contrast_of_liver", "age"])
def test_names_of_others_are_no_features(name: str) -> None:
    assert WRITER.feature(name) is None
