"""index_cohort on faulty and unusual DICOM: what it makes of copies, phases, selections, modalities and references."""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
    UltrasoundImageStorage,
    generate_uid,
)

from features.images.index import duplicates
from features.images.index.file_cache import FileCache
from features.images.index.index_cohort import Index, index_cohort
from tests.support.scans import save_rtstruct, save_seg, save_series, square

KEY = b"k" * 32
CT = {"format": "dicom", "centre": "A", "modality": "CT", "unit": "HU", "path": "ct",
      "mask": {"format": "rtstruct", "roi": "gtv.*"}}  # fmt: skip
Edit = Callable[[list[Dataset]], object]


@pytest.fixture
def save(tmp_path: Path) -> Callable:
    """A CT with contours that reference every slice, after `edit(datasets)`; returns the datasets."""

    def build(
        patient: str = "P001", *, edit: Edit = list, folder: str = "ct", roi: str = "GTV", slices: int = 5, **knobs: Any
    ) -> Any:
        place = tmp_path / "data" / folder / patient
        complete: list[Dataset] = []

        def spoil(series: list[Dataset]) -> None:
            complete.extend(series)
            edit(series)

        _, series = save_series(place, np.zeros((slices, 4, 4)), patient=patient, edit=spoil, **knobs)
        path = save_rtstruct(place, complete, [(roi, [square(-7, -7, -6, -6, 0.0)])])
        mask = dcmread(path)
        reference = (
            mask.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
        )
        reference.ContourImageSequence = []
        for ds in complete:
            item = Dataset()
            item.ReferencedSOPInstanceUID = ds.SOPInstanceUID
            reference.ContourImageSequence.append(item)
        mask.save_as(path)
        return series

    return build


@pytest.fixture
def index(tmp_path: Path, catalog: Callable) -> Callable[..., Index]:
    """The index of a folder; a second one with what the first has learned is equal."""

    def build(*sources: dict[str, Any]) -> Index:
        cache = FileCache(None, KEY)
        found = index_cohort(catalog(*(sources or (CT,))), "demo", KEY, cache=cache)
        again = index_cohort(catalog(*(sources or (CT,))), "demo", KEY, cache=cache)
        assert (again.scans, again.quarantined, again.files) == (found.scans, found.quarantined, found.files)
        for secret in ("P001", "P002", "Secret", "1.2.826", ".dcm", "data/"):
            assert secret not in repr(found.quarantined)
        return found

    return build


def _codes(index: Index) -> list[str]:
    return [row.code for row in index.quarantined]


def _twin(ds: Dataset, *, same: bool = False, **values: object) -> Dataset:
    twin = copy.deepcopy(ds)
    if not same:
        twin.SOPInstanceUID = twin.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    for keyword, value in values.items():
        setattr(twin, keyword, value)
    return twin


def _second(**values: object) -> Edit:
    """A second stack at the same places."""
    return lambda series: series.extend([_twin(ds, PixelData=b"\1" * 32, **values) for ds in list(series)])


@pytest.mark.parametrize(
    "twin",
    [
        {"same": True},
        {"same": True, "SeriesDescription": "sent again"},
        {"SeriesDescription": "sent again"},
        {"InstanceCreationDate": "20200101", "AcquisitionNumber": "9"},
    ],
)
def test_a_slice_that_stands_twice_counts_once(save: Callable, index: Callable, twin: dict[str, Any]) -> None:
    save(edit=lambda series: series.append(_twin(series[2], **twin)))
    found = index()
    assert _codes(found) == []
    assert len(found.scans[0].image.paths) == 5
    assert found.files == {"used": 6, "merged": 1, "quarantined": 0}


@pytest.mark.parametrize(
    ("twin", "code"),
    [
        ({"same": True, "PixelData": b"\1" * 32}, "DICOM_DUP_UID_CONFLICT"),
        ({"same": True, "ImagePositionPatient": [0, 0, 99]}, "DICOM_DUP_UID_CONFLICT"),
        ({"PixelData": b"\1" * 32}, "DICOM_DUP_SLICE"),
        ({"RescaleIntercept": "7"}, "DICOM_DUP_SLICE"),
        ({"PixelData": b"\1" * 32, "AcquisitionNumber": "9"}, "DICOM_MIXED_PHASES"),
    ],
)
def test_slices_that_only_claim_to_be_the_same_are_refused(
    tmp_path: Path, save: Callable, index: Callable, twin: dict[str, Any], code: str
) -> None:
    save(edit=lambda series: series.append(_twin(series[2], **twin)))
    found = index()
    assert _codes(found) == [code]
    assert found.files == {"used": 0, "merged": 0, "quarantined": 7}
    row = found.quarantined[0]
    size = sum(path.stat().st_size for path in (tmp_path / "data").rglob("*.dcm"))
    assert (row.files, row.bytes) == (7, size)
    assert [len(digest) for digest in row.digests] == [12] * 7


def test_a_folder_that_was_copied_is_merged(tmp_path: Path, save: Callable, index: Callable) -> None:
    save()
    before = index()
    shutil.copytree(tmp_path / "data" / "ct" / "P001", tmp_path / "data" / "ct" / "copy of it")
    after = index()
    assert (after.scans[0].image.digest, after.scans[0].mask.digest) == (
        before.scans[0].image.digest,
        before.scans[0].mask.digest,
    )
    assert after.files == {"used": 6, "merged": 6, "quarantined": 0}


def test_masks_of_one_uid_that_differ_are_refused(tmp_path: Path, save: Callable, index: Callable) -> None:
    save()
    path = next((tmp_path / "data" / "ct" / "P001").glob("struct*"))
    mask = dcmread(path)
    mask.StructureSetLabel = "another"
    mask.save_as(path.with_name("other.dcm"))
    assert _codes(index()) == ["DICOM_DUP_UID_CONFLICT"]


def test_pixels_are_compared_once(
    tmp_path: Path, save: Callable, catalog: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    honest = duplicates.fingerprint
    monkeypatch.setattr(duplicates, "fingerprint", lambda path: (asked.append(path), honest(path))[1])
    save(edit=lambda series: series.append(_twin(series[2], PixelData=b"\1" * 32)))
    for path in (tmp_path / "data").rglob("*.dcm"):
        os.utime(path, ns=(10**18, 10**18))
    for count in (2, 2):
        cache = FileCache.load(tmp_path / "files.parquet", KEY)
        assert _codes(index_cohort(catalog(CT), "demo", KEY, cache=cache)) == ["DICOM_DUP_SLICE"]
        cache.save()
        assert len(asked) == count


def test_phases_are_chosen_by_select(save: Callable, index: Callable) -> None:
    series = save(edit=_second(AcquisitionNumber="2", SeriesDescription="late"))
    assert len(series) == 10
    found = index()
    assert _codes(found) == ["DICOM_MIXED_PHASES"]
    assert found.quarantined[0].details["images"] == 2
    for rule in ({"ignore": {"AcquisitionNumber": "2"}}, {"ignore": {"SeriesDescription": "LA.*"}}):
        found = index({**CT, **rule})
        assert _codes(found) == []
        assert len(found.scans[0].image.paths) == 5
        assert found.files == {"used": 6, "merged": 0, "quarantined": 0, "ignored_not_selected": 5}
    found = index({**CT, "select": {"AcquisitionNumber": "2"}})
    assert _codes(found) == ["MASK_MISSING"]  # the contours name the slices of the other one
    assert found.files == {"used": 0, "merged": 0, "quarantined": 5, "ignored_not_selected": 5, "ignored_mask": 1}


def test_select_separates_what_no_tag_of_a_phase_does(save: Callable, index: Callable) -> None:
    save(edit=_second(SeriesDescription="late"))
    assert _codes(index()) == ["DICOM_MIXED_PHASES"]
    found = index({**CT, "ignore": {"SeriesDescription": "late"}})
    assert _codes(found) == []
    assert found.files == {"used": 6, "merged": 0, "quarantined": 0, "ignored_not_selected": 5}


def test_select_does_not_take_an_image_apart(save: Callable, index: Callable) -> None:
    save(edit=lambda series: setattr(series[-1], "SeriesDescription", "thorax"))
    found = index({**CT, "ignore": {"SeriesDescription": "thorax"}})
    assert _codes(found) == ["SERIES_AMBIGUOUS"]
    assert found.quarantined[0].message == "select and ignore of the catalog take only some slices of an image"


def test_select_chooses_among_series(tmp_path: Path, save: Callable, index: Callable) -> None:
    def sharp(series: list[Dataset]) -> None:
        for ds in series:
            ds.ConvolutionKernel = "B70"

    save()
    save_series(tmp_path / "data" / "ct" / "sharp", patient="P001", edit=sharp)
    assert index().files == {"used": 6, "merged": 0, "quarantined": 0, "ignored_not_named": 8}
    assert _codes(index({**CT, "select": {"ConvolutionKernel": "b70"}})) == ["MASK_MISSING"]
    found = index({**CT, "select": {"ConvolutionKernel": "b[23]0f?", "Modality": "CT"}})
    assert found.files == {"used": 6, "merged": 0, "quarantined": 0, "ignored_not_selected": 8}


def test_a_localizer_is_counted_and_its_references_are_known(save: Callable, index: Callable) -> None:
    across = {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1], "ImagePositionPatient": [0, 0, 40]}

    def edit(series: list[Dataset]) -> None:
        series.insert(0, _twin(series[0], ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"], **across))
        series.insert(0, _twin(series[0], **across))

    save(edit=edit)
    assert index().files == {"used": 6, "merged": 0, "quarantined": 0, "ignored_localizer": 2}


@pytest.mark.parametrize(
    ("gone", "code"),
    [([0], "DICOM_MISSING_END"), ([4], "DICOM_MISSING_END"), ([2], None), ([0, 2], None)],
)
def test_slices_that_the_contours_name_must_be_there(
    save: Callable, index: Callable, gone: list[int], code: str | None
) -> None:
    """A gap inside the stack is left to the reader, which tells where it is."""

    def edit(series: list[Dataset]) -> None:
        for place in reversed(gone):
            del series[place]

    save(edit=edit)
    found = index()
    assert _codes(found) == ([code] if code else [])
    if code:
        assert (found.quarantined[0].details["missing"], found.quarantined[0].details["instances"]) == (1, 5)


def test_contours_of_other_instances_have_no_image(save: Callable, index: Callable) -> None:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()

    def copied(series: list[Dataset]) -> None:
        series[:] = copy.deepcopy(series)
        edit(series)

    save(edit=copied)
    assert _codes(index()) == ["IMAGE_MISSING"]


def test_a_segmentation_of_absent_slices_is_refused(tmp_path: Path, index: Callable) -> None:
    _, series = save_series(tmp_path / "data" / "ct", np.zeros((4, 4, 4)))
    save_seg(tmp_path / "data" / "ct", series, np.ones((1, 4, 4, 4), np.uint8), ["GTV"])
    source = {**CT, "mask": {"format": "seg", "roi": "gtv"}}
    assert _codes(index(source)) == []
    (tmp_path / "data" / "ct" / "image003.dcm").unlink()
    found = index(source)
    assert _codes(found) == ["SEG_REF"]
    assert found.quarantined[0].details["missing"] == 1


def _ultrasound(series: list[Dataset]) -> None:
    for ds in series:
        ds.Modality, ds.SOPClassUID = "US", UltrasoundImageStorage
        ds.file_meta.MediaStorageSOPClassUID = UltrasoundImageStorage


def test_a_modality_that_nobody_declares_is_refused_unless_it_is_ignored(save: Callable, index: Callable) -> None:
    save(edit=_ultrasound)
    save("P002")
    found = index()
    assert [(row.code, row.modality, row.files) for row in found.quarantined] == [("DICOM_MODALITY", "US", 6)]
    for rule in ({"ignore": {"Modality": "us"}}, {"select": {"Modality": "CT|PT"}}):
        found = index({**CT, **rule})
        assert _codes(found) == []
        assert found.files == {"used": 6, "merged": 0, "quarantined": 0, "ignored_not_selected": 5, "ignored_mask": 1}


def test_overlapping_folders_are_no_fault(save: Callable, index: Callable) -> None:
    save()
    save("P002", folder="ct/pet", modality="PT", slope=1.0, intercept=0.0)
    found = index(CT, {**CT, "modality": "PT", "unit": "SUV", "path": "ct/pet"})
    assert sorted(scan.modality for scan in found.scans) == ["CT", "PT"]
    assert found.files == {"used": 12, "merged": 0, "quarantined": 0}


def test_xrays_are_images(save: Callable, index: Callable) -> None:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            ds.Modality, ds.SOPClassUID = "DX", "1.2.840.10008.5.1.4.1.1.1.1"
            del ds.ImagePositionPatient, ds.ImageOrientationPatient

    source = {**CT, "modality": "DX", "unit": "arbitrary"}
    save(edit=edit, slices=1)
    assert [len(scan.image.paths) for scan in index(source).scans] == [1]
    save("P002", edit=edit, slices=2)
    assert _codes(index(source)) == ["SERIES_AMBIGUOUS"]


@pytest.mark.parametrize("folders", [("ct", "ct"), ("ct", "other")])
def test_one_series_of_two_patients_or_centres_is_refused(
    tmp_path: Path, save: Callable, index: Callable, folders: tuple[str, str]
) -> None:
    first = save("P001", folder=folders[0])

    def edit(series: list[Dataset]) -> None:
        for ds in series:
            ds.SeriesInstanceUID = first[0].SeriesInstanceUID

    patient = "P002" if folders[0] == folders[1] else "P001"
    save(patient, folder=folders[1], edit=edit)
    sources = [CT] if folders[0] == folders[1] else [CT, {**CT, "centre": "B", "path": "other"}]
    found = index(*sources)
    assert _codes(found) == ["DICOM_UID_COLLISION"] * 2
    assert found.files["quarantined"] == 12


def test_a_case_without_the_roi_is_ignored_where_the_catalog_says_so(save: Callable, index: Callable) -> None:
    save(roi="Heart")
    save("P002")
    found = index({**CT, "mask": {**CT["mask"], "absent": "ignore"}})  # type: ignore[dict-item]
    assert _codes(found) == []
    assert found.files == {"used": 6, "merged": 0, "quarantined": 0, "ignored_no_roi": 6}
    assert len(index().scans) == 2


@pytest.mark.parametrize("undefined", [True, False])
def test_sequences_nested_too_deep_never_crash(save: Callable, index: Callable, undefined: bool) -> None:
    def edit(series: list[Dataset]) -> None:
        inner = Dataset()
        inner.PatientID = "x"
        for _ in range(200):
            outer = Dataset()
            outer.ReferencedImageSequence = [inner]
            outer["ReferencedImageSequence"].is_undefined_length = undefined
            inner.is_undefined_length_sequence_item = undefined
            inner = outer
        series[0].ReferencedImageSequence = inner.ReferencedImageSequence
        series[0]["ReferencedImageSequence"].is_undefined_length = undefined

    save(edit=edit)
    assert sorted(_codes(index())) == (["DICOM_MISSING_END", "SEC_DOS"] if undefined else [])


def test_files_without_preamble_or_in_other_alphabets_are_read(tmp_path: Path, save: Callable, index: Callable) -> None:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            ds.SpecificCharacterSet, ds.PatientID, ds.PatientName = "ISO_IR 100", "P001 Müller", "Secret^Ä"

    save(edit=edit)
    before = index()
    for path in (tmp_path / "data").rglob("image*.dcm"):
        ds = dcmread(path)
        del ds.file_meta, ds.preamble
        ds.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=False)
    after = index()
    assert len(before.scans) == len(after.scans) == 1
    assert before.scans[0].case == after.scans[0].case


def test_values_that_break_the_rules_are_read(tmp_path: Path, save: Callable, index: Callable) -> None:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            ds.AcquisitionNumber = None
            ds.StudyDate = "20200102"
            ds.add_new("EchoTime", "LO", "1,5")

    save(edit=edit)
    for path in (tmp_path / "data").rglob("image*.dcm"):
        path.write_bytes(path.read_bytes().replace(b"20200102", b"0000-0-x"))
    assert _codes(index()) == []


def test_implicit_files_are_read_like_explicit_ones(tmp_path: Path, save: Callable, index: Callable) -> None:
    save()
    before = index()
    for path in (tmp_path / "data").rglob("image*.dcm"):
        ds = dcmread(path)
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
        ds.save_as(path, implicit_vr=True, little_endian=True)
    assert index().scans[0].case == before.scans[0].case


def test_what_is_no_image_is_ignored_with_a_reason(tmp_path: Path, save: Callable, index: Callable) -> None:
    save()
    folder = tmp_path / "data" / "ct"
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(64))
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    directory = Dataset()
    directory.file_meta, directory.preamble = FileMetaDataset(), b"\0" * 128
    directory.file_meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    directory.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    directory.FileSetID = "SECRET"
    directory.save_as(folder / "DICOMDIR", enforce_file_format=True)
    report = dcmread(next((folder / "P001").glob("image*")))
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    report.save_as(folder / "report.dcm")
    assert index().files == {"used": 6, "merged": 0, "quarantined": 0, "ignored_not_dicom": 2, "ignored_type": 2}
