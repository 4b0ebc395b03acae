"""The words of DICOM's dictionary are those that pydicom knows."""

from pydicom.datadict import keyword_dict

from features.core.dicom_keywords import dicom_keywords


def test_keywords_are_pydicoms() -> None:
    assert dicom_keywords() == set(keyword_dict)
