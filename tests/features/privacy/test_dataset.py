"""No planted name survives in any attribute, at any depth; what radiomics needs does."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from pydicom.datadict import DicomDictionary, keyword_dict
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag
from pydicom.uid import ImplicitVRLittleEndian

from features.core.quarantine import Rejected
from features.privacy.dataset import Rules, deidentify_dataset
from features.privacy.profile import OPTIONS
from features.privacy.words import read_words

Build = Callable[..., Dataset]
Reread = Callable[[Dataset], tuple[Dataset, bytes]]
BINARY = {"FL", "FD", "SL", "SS", "UL", "US", "SV", "UV", "AT", "US or SS", "US or SS or OW", "US or OW"}
KEPT = {int(keyword_dict[word]) for word in read_words("kept.txt")}


def _plant(dataset: Dataset, *, depth: int, step: int = 1) -> int:
    """The name of a person in every `step`th attribute of the standard that can hold text or bytes, and in private ones."""
    planted = 0
    for tag, (vr, *_) in [*list(DicomDictionary.items())[::step], (0x00081115, ("SQ",))]:
        if tag < 0x00080001 or tag in KEPT or vr in BINARY or vr == "NONE" or Tag(tag) in dataset:
            continue
        if vr == "SQ":
            if depth:
                item = Dataset()
                _plant(item, depth=depth - 1, step=step) if tag == 0x00081115 else _plant_some(item)
                dataset.add_new(tag, "SQ", Sequence([item]))
        else:
            value = b"DOE_JOHN" if vr == "CS" else b"DOE^JOHN"
            dataset[tag] = RawDataElement(Tag(tag), vr.split(" or ")[0], 8, value, 0, False, True)
            planted += 1
    _plant_some(dataset)
    return planted


def _plant_some(dataset: Dataset) -> None:
    block = dataset.private_block(0x0011, "DOE^JOHN", create=True)
    block.add_new(0x01, "LO", "DOE^JOHN")
    block.add_new(0x02, "OB", b"DOE^JOHN")
    dataset.private_block(0x7053, "Philips PET Private Group", create=True).add_new(0x00, "LO", "DOE^JOHN")
    dataset.private_block(0x7053, "Philips PET Private Group").add_new(0x09, "UN", b"DOE^JOHN")
    dataset.PatientName, dataset.ImageComments, dataset.SegmentLabel = "DOE^JOHN", "of DOE^JOHN", "DOE^JOHN"


@pytest.mark.parametrize(
    ("step", "implicit", "options"),
    [
        (61, False, OPTIONS),
        (61, True, ()),
        pytest.param(1, False, OPTIONS, marks=pytest.mark.slow),
        pytest.param(1, True, (), marks=pytest.mark.slow),
    ],
)
def test_no_planted_name_survives_in_any_attribute(
    ct_slice: Build, reread: Reread, rules: Rules, step: int, implicit: bool, options: tuple
) -> None:
    """At any depth, in private attributes with and without a creator, in overlays, the preamble and the file meta."""
    dataset = ct_slice()
    dataset.preamble = b"DOE^JOHN" * 16
    dataset.file_meta.SourceApplicationEntityTitle = "DOE^JOHN"
    planted = _plant(dataset, depth=2, step=step)
    assert planted > 2400 // step
    for tag, vr in ((0x60003000, "OW"), (0x50003000, "OW"), (0x00090001, "LO"), (0x00080FFF, "LO")):
        dataset[tag] = RawDataElement(Tag(tag), vr, 8, b"DOE^JOHN", 0, False, True)
    if implicit:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    found, data = reread(dataset)
    assert data.count(b"DOE") > planted
    deidentify_dataset(found, "abc", Rules(rules.cohort, rules.key, frozenset(options)))
    found, data = reread(found)
    assert b"DOE" not in data and b"JOHN" not in data and b"P-1" not in data
    assert (found.PatientID, found.PatientName) == ("abc", "abc")
    assert found.PixelData == bytes(range(8))


def test_what_radiomics_needs_stays(ct_slice: Build, reread: Reread, rules: Rules) -> None:
    dataset = ct_slice(
        SeriesDescription="Thorax Doe 5.0 B30f", PatientAge="095Y", PhysiciansOfRecord="Who", BodyPartExamined="CHEST"
    )
    isotope = Dataset()
    isotope.RadiopharmaceuticalStartTime, isotope.RadionuclideTotalDose = "090000", "350000000"
    isotope.RadiopharmaceuticalStartDateTime, isotope.RadionuclideHalfLife = "20200112090000", "6586.2"
    dataset.RadiopharmaceuticalInformationSequence = [isotope]
    dataset.private_block(0x7053, "Philips PET Private Group", create=True).add_new(0x00, "DS", "0.000551")
    found, _ = reread(dataset)
    deidentify_dataset(found, "abc", rules)
    found, _ = reread(found)
    assert (found.PatientSex, found.PatientWeight, found.PatientSize) == ("F", 70, 1.7)
    assert found.PatientAge == "090Y"  # as all above
    assert (found.Manufacturer, found.ConvolutionKernel, found.BodyPartExamined) == ("SYNTH", "B30f", "CHEST")
    assert found.SeriesDescription == "Thorax 5.0 B30f"
    assert found.StudyTime == "101112"
    assert found.PatientBirthDate == "" and "PhysiciansOfRecord" not in found
    assert int(found.SeriesDate) - int(found.StudyDate) in (2, 2 + 100 - 31, 2 + 100 - 30, 2 + 100 - 28, 2 + 8870)
    isotope = found.RadiopharmaceuticalInformationSequence[0]
    assert isotope.RadiopharmaceuticalStartDateTime == found.SeriesDate + "090000"
    assert (isotope.RadiopharmaceuticalStartTime, isotope.RadionuclideTotalDose) == ("090000", 350000000)
    assert found.private_block(0x7053, "Philips PET Private Group")[0x00].value == 0.000551


def test_it_says_that_the_identity_was_removed_and_how(ct_slice: Build, rules: Rules) -> None:
    dataset = ct_slice()
    deidentify_dataset(dataset, "abc", rules)
    assert (dataset.PatientIdentityRemoved, dataset.LongitudinalTemporalInformationModified) == ("YES", "MODIFIED")
    codes = [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113108", "113107", "113105", "113111"]
    assert "2026d" in dataset.DeidentificationMethod[0]


def test_without_options_the_basic_profile_is_all(ct_slice: Build, reread: Reread) -> None:
    dataset = ct_slice(SeriesDescription="Thorax", ProtocolName="Thorax", StructureSetLabel="Thorax")
    dataset.private_block(0x7053, "Philips PET Private Group", create=True).add_new(0x00, "DS", "0.000551")
    deidentify_dataset(dataset, "abc", Rules("demo", b"k" * 32, frozenset()))
    found, _ = reread(dataset)
    assert found.LongitudinalTemporalInformationModified == "REMOVED"
    assert [item.CodeValue for item in found.DeidentificationMethodCodeSequence] == ["113100"]
    assert found.StudyDate == "" and found.PatientSex == ""
    assert not {"SeriesDescription", "PatientWeight", "PatientAge", "PatientSize"} & set(found.dir())
    assert found.StructureSetLabel == found.ProtocolName == "removed"  # D, and X/D
    assert not [element for element in found if element.tag.is_private]


def test_uids_stay_together_and_cannot_be_led_back(ct_slice: Build, rules: Rules) -> None:
    image, mask = ct_slice(), ct_slice(SOPInstanceUID="1.2.9")
    reference = Dataset()
    reference.ReferencedSOPInstanceUID, reference.ReferencedSOPClassUID = "1.2.3.4", image.SOPClassUID
    mask.ReferencedImageSequence, mask.SourceImageSequence = [reference], [copy.deepcopy(reference)]
    for dataset in (image, mask):
        deidentify_dataset(dataset, "abc", rules)
    assert mask.SourceImageSequence[0].ReferencedSOPInstanceUID == image.SOPInstanceUID
    assert mask.ReferencedImageSequence[0].ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert mask.SeriesInstanceUID == image.SeriesInstanceUID != "1.2.3.5"
    assert image.SOPInstanceUID.startswith("2.25.") and image.SOPInstanceUID.is_valid
    assert image.file_meta.MediaStorageSOPInstanceUID == image.SOPInstanceUID
    other = Rules("demo", b"j" * 32)
    assert other.uid("1.2.3.4") != rules.uid("1.2.3.4")
    assert "kkk" not in repr(rules)


@pytest.mark.parametrize(
    ("name", "left"),
    [("GTV-1", "GTV-1"), ("GTV Doe", "GTV (7)"), ("Doe^John", "ROI (7)"), ("Zeta", "ROI (7)"), ("", "")],
)
def test_names_of_regions_stay_if_they_are_words_of_regions(
    ct_slice: Build, rules: Rules, name: str, left: str
) -> None:
    dataset, roi = ct_slice(), Dataset()
    roi.ROINumber, roi.ROIName = 7, name
    dataset.StructureSetROISequence = [roi]
    deidentify_dataset(dataset, "abc", rules)
    assert dataset.StructureSetROISequence[0].ROIName == left


@pytest.mark.parametrize(
    ("scheme", "value", "meaning", "left"),
    [
        ("SCT", "85756007", "Tissue", ("SCT", "85756007", "Tissue")),
        ("UCUM", "Bq/ml", "Doe", ("UCUM", "Bq/ml", "removed")),
        ("99DOE", "123", "Liver", ("99REMOVED", "removed", "Liver")),
        ("DCM", "Doe", "Liver", ("99REMOVED", "removed", "Liver")),
    ],
)
def test_codes_of_public_schemes_stay(
    ct_slice: Build, rules: Rules, scheme: str, value: str, meaning: str, left: tuple[str, ...]
) -> None:
    code = Dataset()
    code.CodingSchemeDesignator, code.CodeValue, code.CodeMeaning = scheme, value, meaning
    dataset = ct_slice(AnatomicRegionSequence=[code])
    deidentify_dataset(dataset, "abc", rules)
    found = dataset.AnatomicRegionSequence[0]
    assert (found.CodingSchemeDesignator, found.CodeValue, found.CodeMeaning) == left


def test_values_that_are_not_of_their_kind_go(ct_slice: Build, reread: Reread, rules: Rules) -> None:
    dataset = ct_slice()
    for keyword, value in {
        "PatientAge": b"DOE^",
        "PatientWeight": b"DOE^",
        "StudyTime": b"DOE^",
        "KVP": b"DOE^",
    }.items():
        tag = Tag(keyword_dict[keyword])
        dataset[tag] = RawDataElement(tag, None, len(value), value, 0, True, True)
    dataset[0x00280010] = RawDataElement(Tag(0x00280010), "LO", 4, b"DOE^", 0, False, True)  # Rows, as text
    found, _ = reread(dataset)
    deidentify_dataset(found, "abc", rules)
    assert "Rows" not in found and "PatientAge" not in found and "PatientWeight" not in found
    assert not found.StudyTime and found.KVP is None


def test_a_declared_time_point_stays_and_another_does_not(ct_slice: Build) -> None:
    rules = Rules("demo", b"k" * 32, timepoints={"ClinicalTrialTimePointID": frozenset({"T0"})})
    for value, left in (("T0", "T0"), ("Doe", "")):
        dataset = ct_slice(ClinicalTrialTimePointID=value)
        deidentify_dataset(dataset, "abc", rules)
        assert (dataset.ClinicalTrialTimePointID or "") == left


def test_a_file_without_its_uid_is_refused(ct_slice: Build, rules: Rules) -> None:
    dataset: Any = ct_slice()
    del dataset.SOPInstanceUID
    with pytest.raises(Rejected) as caught:
        deidentify_dataset(dataset, "abc", rules)
    assert caught.value.code == "DICOM_TRUNC"
