"""What a CT says of its unit: HU, something else, or nothing; as the catalog declares it or not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedCTImageStorage

from features.core.quarantine import Rejected
from features.images.dicom.ct_unit import check_ct_unit
from features.images.dicom.dataset import quiet, read_dataset
from features.images.dicom.frames import frames_of
from features.images.dicom.series import read_dicom_series
from tests.support.scans import save_series


def _each(**values: Any) -> Callable[[list[Dataset]], None]:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            for keyword, value in values.items():
                setattr(ds, keyword, value)

    return edit


def _mapped(code: str, slope: float = 1.0, intercept: float = -1024.0) -> Callable[[list[Dataset]], None]:
    """A Real World Value Mapping with a unit of UCUM."""

    def edit(series: list[Dataset]) -> None:
        for ds in series:
            one, unit = Dataset(), Dataset()
            unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = code, "UCUM", code
            one.MeasurementUnitsCodeSequence = [unit]
            one.RealWorldValueSlope, one.RealWorldValueIntercept = slope, intercept
            ds.RealWorldValueMappingSequence = [one]

    return edit


def _enhanced(kind: str, frame_type: str = "VOLUME") -> Callable[[list[Dataset]], None]:
    """The series as one file of frames, whose functional groups tell the unit."""

    def edit(series: list[Dataset]) -> None:
        ds = copy.deepcopy(series[0])
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
        ds.PerFrameFunctionalGroupsSequence = []
        for one in series:
            parts = [Dataset() for _ in range(5)]
            parts[0].ImagePositionPatient, parts[1].ImageOrientationPatient = (
                one.ImagePositionPatient,
                one.ImageOrientationPatient,
            )
            parts[2].PixelSpacing, parts[2].SliceThickness = one.PixelSpacing, one.SliceThickness
            parts[3].RescaleSlope, parts[3].RescaleIntercept, parts[3].RescaleType = 1, -1024, kind
            parts[4].FrameType = ["DERIVED", "PRIMARY", frame_type, "NONE"]
            groups = Dataset()
            names = "PlanePosition", "PlaneOrientation", "PixelMeasures", "PixelValueTransformation", "CTImageFrameType"
            for name, part in zip(names, parts, strict=True):
                setattr(groups, f"{name}Sequence", [part])
            ds.PerFrameFunctionalGroupsSequence.append(groups)
        del ds.ImagePositionPatient, ds.ImageOrientationPatient, ds.PixelSpacing, ds.RescaleSlope, ds.RescaleIntercept
        ds.NumberOfFrames, ds.PixelData = len(series), b"".join(one.PixelData for one in series)
        series[:] = [ds]

    return edit


OTHERS = [
    _each(RescaleType="MGML"),
    _each(RescaleType="Z_EFF"),
    _each(RescaleType="HU_MOD"),
    _each(RescaleType="mg/ml"),
    lambda series: _each(RescaleType="EDW")(series[3:4]),
    _each(RescaleType="HU", ImageType=["DERIVED", "PRIMARY", "AXIAL", "ELECTRON_DENSITY"]),
    _mapped("mg/mL"),
    _mapped("[hnsf'U]", slope=2.0),
    _enhanced("MGML"),
    _enhanced("HU", "EFF_ATOMIC_NUM"),
]


@pytest.mark.parametrize("edit", OTHERS)
def test_what_is_no_hu_is_refused_where_hu_are_declared(tmp_path: Path, edit: Callable) -> None:
    paths, _ = save_series(tmp_path, edit=edit)
    with pytest.raises(Rejected) as caught:
        read_dicom_series(paths, unit="HU")
    assert caught.value.code == "CT_UNIT"
    assert read_dicom_series(paths, unit="arbitrary").array.shape == (8, 16, 16)


def test_words_that_the_standard_does_not_know_are_not_quoted(tmp_path: Path) -> None:
    paths, _ = save_series(tmp_path, edit=_each(RescaleType="DOE^JOHN"))
    with pytest.raises(Rejected, match="another word") as caught:
        read_dicom_series(paths, unit="HU")
    assert "DOE" not in str(caught.value)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (list, []),
        (_each(RescaleType="HU"), []),
        (_each(RescaleType="Hounsfield Units"), []),
        (_each(RescaleType=""), []),
        (_each(ImageType=["DERIVED", "PRIMARY", "AXIAL", "VMI"]), []),
        (_each(RescaleType="HU", ImageType=["DERIVED", "SECONDARY", "AXIAL", "IODINE"]), ["UNIT_DOUBTFUL"]),
        (_enhanced("HU", "IODINE"), ["UNIT_DOUBTFUL"]),
        (_mapped("[hnsf'U]"), []),
        (_enhanced("HU"), []),
        (_each(RescaleType="US"), ["CT_UNIT_UNTOLD"]),
        (_enhanced("US"), ["CT_UNIT_UNTOLD"]),
    ],
)
def test_what_claims_to_be_hu_or_says_nothing_is_read(tmp_path: Path, edit: Callable, told: list[str]) -> None:
    paths, _ = save_series(tmp_path, edit=edit)
    assert [one.code for one in read_dicom_series(paths, unit="HU").warnings] == told


ATTENUATION = (
    *("ORIGINAL/PRIMARY/AXIAL/CT_SOM5 SPI", "DERIVED/SECONDARY/MPR", "MAXIMUM", "PERFUSION", "ANATOMIC", "REFORMATTED"),
    *("VNC", "DE_VNC", "VUE", "VMI", "MONO_70KEV", "MONOENERGETIC", "MAT_REMOVED", "IODINE REMOVED", "NO_IODINE"),
    *("CALCIUM_SUPPRESSED", "CALCIUM_SCORE", "VIRTUAL_NON_CONTRAST"),
)
NO_ATTENUATION = (
    *("IODINE", "IODINE NO WATER", "DE_IODINE_MAP", "IODINE_DENSITY", "WATER(IODINE)", "CALCIUM", "URIC_ACID", "XENON"),
    *(
        "EFFECTIVE_Z",
        "Z_EFFECTIVE",
        "ZEFF",
        "ATOMIC_NUMBER",
        "RHO",
        "ELECTRON DENSITY",
        "FAT_FRACTION",
        "FAT",
        "MAT_MODIFIED",
    ),
    *("LUNG_PBV", "PERFUSION/CBF", "TMAX", "SUBTRACTION"),
)


def test_a_makers_word_for_something_else_than_attenuation_is_told(tmp_path: Path) -> None:
    dataset = read_dataset(save_series(tmp_path, edit=_each(RescaleType="HU"))[0][0])
    told = set()
    for word in ATTENUATION + NO_ATTENUATION:
        with quiet():
            dataset.ImageType = ["DERIVED", "SECONDARY", *word.split("/")]
        assert check_ct_unit(frames_of(dataset), wanted=False) == (True, ())
        is_hu, warnings = check_ct_unit(frames_of(dataset), wanted=True)
        assert is_hu
        if [one.code for one in warnings] == ["UNIT_DOUBTFUL"]:
            told.add(word)
    assert told == set(NO_ATTENUATION)


@pytest.mark.parametrize(("kind", "refused"), [("", True), ("MGML", False)])
def test_values_are_held_to_the_range_of_hu_if_they_claim_to_be(tmp_path: Path, kind: str, refused: bool) -> None:
    paths, _ = save_series(tmp_path, edit=_each(RescaleType=kind, RescaleIntercept=9000))
    if refused:
        with pytest.raises(Rejected, match="HU_RANGE"):
            read_dicom_series(paths)
    else:
        assert read_dicom_series(paths).array.min() > 5000
