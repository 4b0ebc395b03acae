"""read_elements: what pydicom reads, or nothing."""

from __future__ import annotations

import io
from pathlib import Path

import pydicom
import pytest
from pydicom import dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from features.core.quarantine import Rejected
from features.images.dicom.dataset import quiet, text
from features.images.index.elements import element_text, is_dicom, read_elements

KEYWORDS = ("SOPClassUID", "SOPInstanceUID", "Modality", "ImageType", "PatientID", "EchoTime", "DiffusionBValue", "Rows",
            "ImagePositionPatient", "PixelSpacing")  # fmt: skip
WANTED = {tag_for_keyword(keyword): dictionary_VR(keyword).encode() for keyword in KEYWORDS}


def _dataset(**values: object) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality, ds.PatientID = CTImageStorage, "1.2.3", "CT", "P 1"
    ds.ImageType, ds.ImagePositionPatient, ds.PixelSpacing = ["ORIGINAL", "PRIMARY"], [-1.5, 2, 1e-3], [1, 2]
    ds.Rows, ds.DiffusionBValue, ds.PixelData = 7, 1000.0, bytes(16)
    ds["PixelData"].VR = "OW"
    for keyword, value in values.items():
        setattr(ds, keyword, value)
    return ds


def _encoded(ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    ds.file_meta, ds.preamble = FileMetaDataset(), b"\0" * 128
    ds.file_meta.TransferSyntaxUID, ds.file_meta.MediaStorageSOPClassUID = syntax, ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _told(head: bytes) -> dict[str, str | None] | None:
    found = read_elements(head, WANTED)
    if found is None:
        return None
    tags = {keyword: tag_for_keyword(keyword) for keyword in KEYWORDS}
    return {keyword: element_text(WANTED[tag], found.get(tag, b"")) for keyword, tag in tags.items()}


def _nested(depth: int, *, undefined: bool = True) -> Dataset:
    ds = Dataset()
    for _ in range(depth):
        outer = Dataset()
        outer.RequestAttributesSequence = Sequence([ds])
        outer["RequestAttributesSequence"].is_undefined_length = undefined
        ds.is_undefined_length_sequence_item = undefined
        ds = outer
    return ds


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("undefined", [True, False])
def test_values_are_those_of_pydicom(syntax: str, undefined: bool) -> None:
    ds = _dataset(EchoTime="")
    ds.ReferencedImageSequence = _nested(5, undefined=undefined).RequestAttributesSequence
    ds["ReferencedImageSequence"].is_undefined_length = undefined
    head = _encoded(ds, syntax)
    assert _told(head) == {
        "SOPClassUID": CTImageStorage, "SOPInstanceUID": "1.2.3", "Modality": "CT", "ImageType": "ORIGINAL/PRIMARY",
        "PatientID": "P 1", "EchoTime": "", "DiffusionBValue": "1000.0", "Rows": "7",
        "ImagePositionPatient": "-1.5/2.0/0.001", "PixelSpacing": "1.0/2.0",
    }  # fmt: skip


@pytest.mark.parametrize("keep", [0, 100, 132, 200, 330, 400])
def test_a_head_that_ends_early_is_left_to_pydicom(keep: int) -> None:
    assert read_elements(_encoded(_dataset())[:keep], WANTED) is None


def test_meta_information_need_not_tell_its_length() -> None:
    head = _encoded(_dataset())
    assert head[132:140] == b"\2\0\0\0UL\4\0"
    assert _told(head[:132] + head[144:]) == _told(head)


def test_other_encodings_are_left_to_pydicom() -> None:
    assert read_elements(_encoded(_dataset(), ExplicitVRBigEndian), WANTED) is None
    head = _encoded(_dataset())
    assert read_elements(head[128:], WANTED) is None
    assert is_dicom(head)
    assert is_dicom(b"\x08\0\x16\0")
    assert not is_dicom(b"\xff\xd8\xff\xe0" + bytes(200))


@pytest.mark.parametrize(
    ("vr", "raw"), [(b"LO", b"M\xfcller"), (b"LO", b"\x1b$B"), (b"US", b"\1\0\2\0"), (b"OB", b"ab")]
)
def test_values_that_need_more_knowledge_are_none(vr: bytes, raw: bytes) -> None:
    assert element_text(vr, raw) is None


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_sequences_that_are_nested_too_deep_are_refused(syntax: str) -> None:
    ds = _dataset()
    ds.ReferencedImageSequence = _nested(80).RequestAttributesSequence
    ds["ReferencedImageSequence"].is_undefined_length = True
    with pytest.raises(Rejected, match="SEC_DOS"):
        read_elements(_encoded(ds, syntax), WANTED)


def test_shipped_files_of_pydicom_are_read_alike() -> None:
    read = 0
    for name in sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm")):
        told = _told(name.read_bytes()[: 1 << 16])
        if told is None or None in told.values():
            continue
        with quiet():
            ds = dcmread(name, specific_tags=list(KEYWORDS), stop_before_pixels=True)
        read += 1
        assert told == {keyword: text(ds, keyword) for keyword in KEYWORDS}, name
    assert read > 30
