"""Images that may carry text, and images of heads, by their headers alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from features.core.quarantine import Rejected
from features.images.dicom.burned_in import check_burned_in, warn_of_face
from features.images.dicom.series import read_dicom_series
from tests.support.scans import save_series


def _dataset(**attributes: Any) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.Modality = "1.2.840.10008.5.1.4.1.1.2", "CT"
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    "attributes",
    [
        {"BurnedInAnnotation": "YES"},
        {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
        {"SeriesDescription": "Screen save"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.4"},
        {"ConversionType": "WSD"},
        {"Modality": "US"},
        {"DateOfSecondaryCapture": "20200101"},
        {"SecondaryCaptureDeviceManufacturer": "Camera"},
        {"SecondaryCaptureDeviceManufacturerModelName": "Camera"},
        {"SecondaryCaptureDeviceSoftwareVersions": "1"},
    ],
)
def test_images_that_may_carry_text_are_refused(attributes: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as caught:
        check_burned_in(_dataset(**attributes))
    assert caught.value.code == "PHI_BURNED"
    assert caught.value.details["attribute"] in {*attributes, "SOPClassUID"}


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"BurnedInAnnotation": "NO", "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "ConversionType": ""},
        {"SecondaryCaptureDeviceManufacturer": "", "SeriesDescription": "Thorax"},
    ],
)
def test_images_of_a_scanner_are_not(attributes: dict[str, Any]) -> None:
    check_burned_in(_dataset(**attributes))


@pytest.mark.parametrize(
    ("attributes", "warned"),
    [
        ({"BodyPartExamined": "HEAD"}, True),
        ({"BodyPartExamined": "HEADNECK", "Modality": "MR"}, True),
        ({"StudyDescription": "MRI Brain", "Modality": "MR"}, True),
        ({"PixelSpacing": [0.45, 0.45], "Columns": 512}, True),
        ({"PixelSpacing": [0.45, 0.45], "Columns": 512, "BodyPartExamined": "CHEST"}, False),
        ({"PixelSpacing": [0.8, 0.8], "Columns": 512}, False),
        ({"PixelSpacing": [0.45, 0.45], "Columns": 512, "Modality": "MR"}, False),
        ({"BodyPartExamined": "HEAD", "Modality": "PT"}, False),
        ({}, False),
    ],
)
def test_heads_are_warned_of(attributes: dict[str, Any], warned: bool) -> None:
    assert [one.code for one in warn_of_face(_dataset(**attributes))] == ["PHI_FACE"] * warned


def test_the_reader_refuses_and_warns(tmp_path: Path) -> None:
    def burn(datasets: list[Dataset]) -> None:
        datasets[3].BurnedInAnnotation = "YES"

    def show_head(datasets: list[Dataset]) -> None:
        for dataset in datasets:
            dataset.BodyPartExamined = "HEAD"

    with pytest.raises(Rejected) as caught:
        read_dicom_series(save_series(tmp_path / "a", edit=burn)[0])
    assert caught.value.code == "PHI_BURNED"
    assert [one.code for one in read_dicom_series(save_series(tmp_path / "b", edit=show_head)[0]).warnings] == [
        "PHI_FACE"
    ]
