"""Ids in the names of columns are found however they are written, and not by chance."""

from __future__ import annotations

import pytest

from features.ready.names_with_ids import names_with_ids

NAMES = ["original_glcm_Contrast", "wavelet-LLH_firstorder_10Percentile", "T1_LUNG1 001_Energy", "Bins-16_Radius-1"]


@pytest.mark.parametrize("patient", ["LUNG1-001", "lung1_001", "LUNG1001"])
def test_an_id_in_a_name_is_found_however_it_is_written(patient: str) -> None:
    assert names_with_ids(NAMES, {patient, "LUNG1-777"}) == [2]


@pytest.mark.parametrize("patient", ["10", "0016", "glcm", "contrast", "LUNG1-002"])
def test_short_ids_words_and_other_patients_are_not(patient: str) -> None:
    assert names_with_ids(NAMES, {patient}) == []
