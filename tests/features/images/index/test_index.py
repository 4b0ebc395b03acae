"""index_cohort: every file is counted, every fault has a row, and no row tells who the patient is."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from features.core.digest import digest_files
from features.core.errors import RadweaveError
from features.core.pseudonym import pseudonym
from features.core.quarantine import REASONS
from features.images.index.index_cohort import Index, index_cohort
from features.images.region import check_region, read_region
from tests.support.scans import image_series, save_nifti, save_rtstruct, save_series, square

KEY = b"k" * 32
DICOM = {
    "format": "dicom",
    "centre": "A",
    "modality": "CT",
    "unit": "HU",
    "path": "ct",
    "mask": {"format": "rtstruct", "roi": "gtv.*"},
}
NIFTI = {
    "format": "nifti",
    "centre": "B",
    "modality": "MR",
    "unit": "arbitrary",
    "path": "mr/{patient}/{timepoint}/T1.nii.gz",
    "mask": {"format": "nifti", "path": "mr/{patient}/{timepoint}/T1_mask.nii.gz", "label": 2},
}


@pytest.fixture
def save_case(tmp_path: Path) -> Callable:
    """A CT with its contours below data/ct/; returns the images' paths and datasets."""

    def build(patient: str, *, roi: str = "GTV-1", mask: bool = True, folder: str = "ct", **knobs: object) -> tuple:
        place = tmp_path / "data" / folder / f"{patient}_{len(list(tmp_path.rglob('*')))}"
        paths, series = save_series(place, patient=patient, **knobs)
        if mask:
            save_rtstruct(place, series, [(roi, [square(-4.5, -4.5, 2.5, 2.5, z) for z in (2.5, 5.0)])])
        return paths, series

    return build


def _index(catalog: Callable, *sources: dict) -> Index:
    index = index_cohort(catalog(*sources), "demo", KEY)
    text = repr(index.quarantined) + repr([(scan.case, scan.centre, scan.roi) for scan in index.scans])
    for secret in ("P001", "P002", "Secret", "1.2.826", ".dcm", "data/"):
        assert secret not in text
    return index


def _places(index: Index) -> dict[str, int]:
    """Counts of files; all the reasons to ignore one together, and no copies."""
    assert index.files["merged"] == 0
    ignored = sum(count for place, count in index.files.items() if place.startswith("ignored_"))
    return {"used": index.files["used"], "quarantined": index.files["quarantined"], "ignored": ignored}


def _codes(index: Index) -> list[str]:
    return [row.code for row in index.quarantined]


def test_good_cases_become_scans_that_can_be_read(tmp_path: Path, catalog: Callable, save_case: Callable) -> None:
    for patient in ("P002", "P001 "):
        save_case(patient)
    (tmp_path / "data" / "ct" / "notes.txt").write_text("nothing")
    seen = []
    index = index_cohort(catalog(DICOM), "demo", KEY, lambda *told: seen.append(told))
    assert _places(index) == {"used": 18, "quarantined": 0, "ignored": 1}
    assert index.quarantined == ()
    assert [scan.sort_key for scan in index.scans] == sorted(scan.sort_key for scan in index.scans)
    assert {scan.case.patient for scan in index.scans} == {pseudonym(KEY, "demo", p) for p in ("P001", "P002")}
    scan = index.scans[0]
    assert (scan.centre, scan.modality, scan.unit, scan.roi, scan.case.timepoint) == (
        "A",
        "CT",
        "HU",
        "gtv.*",
        "baseline",
    )
    assert (scan.image.format, scan.mask.format, len(scan.image.paths)) == ("dicom", "rtstruct", 8)
    assert check_region(read_region(scan)).facts["voxels"] == 2 * 49
    assert seen[-1] == ("digests", 2, 2)
    assert ("headers", 19, 19) in seen


def test_digests_follow_contents_not_names(catalog: Callable, save_case: Callable) -> None:
    paths, _ = save_case("P001")
    before = index_cohort(catalog(DICOM), "demo", KEY).scans[0]
    paths[0].rename(paths[0].with_name("zzz"))
    after = index_cohort(catalog(DICOM), "demo", KEY).scans[0]
    assert (before.image.digest, before.mask.digest) == (after.image.digest, after.mask.digest)
    assert before.image.digest != before.mask.digest


def test_image_without_mask(catalog: Callable, save_case: Callable) -> None:
    save_case("P001", mask=False)
    index = _index(catalog, DICOM)
    assert _codes(index) == ["MASK_MISSING"]
    assert index.quarantined[0].case == f"demo:{pseudonym(KEY, 'demo', 'P001')}:baseline"
    assert _places(index) == {"used": 0, "quarantined": 8, "ignored": 0}


def test_mask_without_image(tmp_path: Path, catalog: Callable) -> None:
    save_rtstruct(tmp_path / "data" / "ct", image_series(), [("GTV", [])])
    index = _index(catalog, DICOM)
    assert _codes(index) == ["IMAGE_MISSING"]
    assert index.files["quarantined"] == 1


def test_several_masks(catalog: Callable, save_case: Callable) -> None:
    paths, series = save_case("P001")
    other = save_rtstruct(paths[0].parent, series, [("Heart", [])], stem="other")
    index = _index(catalog, DICOM)
    assert _codes(index) == []
    assert _places(index) == {"used": 9, "quarantined": 0, "ignored": 1}
    other.unlink()
    save_rtstruct(paths[0].parent, series, [("GTV-2", [])], stem="other")
    index = _index(catalog, DICOM)
    assert _codes(index) == ["MASK_AMBIGUOUS"]
    assert _places(index) == {"used": 0, "quarantined": 10, "ignored": 0}


def test_mask_by_frame_of_reference_alone(catalog: Callable, save_case: Callable) -> None:
    paths, series = save_case("P001", mask=False)
    path = save_rtstruct(paths[0].parent, series, [("GTV", [])])
    ds = dcmread(path)
    del ds.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    ds.save_as(path)
    assert len(_index(catalog, DICOM).scans) == 1


def test_of_several_series_the_one_counts_that_the_contours_name(catalog: Callable, save_case: Callable) -> None:
    paths, _ = save_case("P001")
    save_case("P001", mask=False)
    index = _index(catalog, DICOM)
    assert _codes(index) == []
    assert set(index.scans[0].image.paths) == set(paths)
    assert index.files == {"used": 9, "merged": 0, "quarantined": 0, "ignored_not_named": 8}


def test_a_damaged_series_that_no_contours_name_spoils_no_case(catalog: Callable, save_case: Callable) -> None:
    def twice(series: list[Dataset]) -> None:
        series.extend([copy.deepcopy(ds) for ds in series])
        for ds in series[len(series) // 2 :]:
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            ds.PixelData = b"\1" * len(ds.PixelData)

    paths, _ = save_case("P001")
    save_case("P001", mask=False, edit=twice)
    index = _index(catalog, DICOM)
    assert _codes(index) == []
    assert set(index.scans[0].image.paths) == set(paths)
    assert index.files == {"used": 9, "merged": 0, "quarantined": 0, "ignored_not_named": 16}


def test_several_series_that_no_contours_name_alone_are_ambiguous(catalog: Callable, save_case: Callable) -> None:
    save_case("P001")
    save_case("P001")
    index = _index(catalog, DICOM)
    assert _codes(index) == ["SERIES_AMBIGUOUS"]
    assert index.quarantined[0].details["series"] == 2
    assert index.files["quarantined"] == 18
    assert "select" in (remedy := REASONS["SERIES_AMBIGUOUS"].remedy) and "ignore" in remedy


def test_of_two_named_series_the_one_counts_whose_mask_has_the_roi(catalog: Callable, save_case: Callable) -> None:
    paths, _ = save_case("P001")
    save_case("P001", roi="Heart")
    index = _index(catalog, DICOM)
    assert _codes(index) == []
    assert set(index.scans[0].image.paths) == set(paths)
    assert index.files == {"used": 9, "merged": 0, "quarantined": 0, "ignored_not_named": 8, "ignored_mask": 1}


@pytest.mark.parametrize("kind", ["none", "both", "frame"])
def test_contours_name_a_series_by_its_instances(catalog: Callable, save_case: Callable, kind: str) -> None:
    """Where the structure set references no series, or both; without any name the frame of reference does not decide."""
    paths, series = save_case("P001", mask=False)
    others, other = save_case("P001", mask=False)
    for ds, path in zip(other, others, strict=True):
        ds.FrameOfReferenceUID = series[0].FrameOfReferenceUID
        ds.save_as(path)
    path = save_rtstruct(paths[0].parent, series, [("GTV", [square(-4.5, -4.5, 2.5, 2.5, z) for z in (2.5, 5.0)])])
    ds = dcmread(path)
    study = ds.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    if kind == "both":
        second = Dataset()
        second.SeriesInstanceUID = other[0].SeriesInstanceUID
        study.RTReferencedSeriesSequence.append(second)
    else:
        del ds.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    if kind != "frame":
        for contour, image in zip(ds.ROIContourSequence[0].ContourSequence, series[1:], strict=False):
            item = Dataset()
            item.ReferencedSOPInstanceUID = image.SOPInstanceUID
            contour.ContourImageSequence = [item]
    ds.save_as(path)
    pet, slices = save_case("P001", mask=False, modality="PT", intercept=0.0)
    for one, file in zip(slices, pet, strict=True):
        one.FrameOfReferenceUID = series[0].FrameOfReferenceUID
        one.save_as(file)
    index = _index(catalog, DICOM)
    if kind == "frame":
        assert _codes(index) == ["DICOM_MODALITY", "SERIES_AMBIGUOUS"]
    else:
        assert _codes(index) == ["DICOM_MODALITY"]
        assert set(index.scans[0].image.paths) == set(paths)
    if kind != "both":  # without references the PET that shares the frame of reference has the contours, too
        index = _index(catalog, {**DICOM, "modality": "PT", "unit": "BQML", "select": {"Modality": "PT"}})
        assert [set(scan.image.paths) for scan in index.scans] == [set(pet)]


def test_two_series_in_one_folder_are_kept_apart(tmp_path: Path, catalog: Callable, save_case: Callable) -> None:
    save_case("P001")
    save_case("P002")
    for number, path in enumerate(sorted((tmp_path / "data" / "ct").rglob("*.dcm"))):
        path.rename(tmp_path / "data" / "ct" / f"{number}")
    index = _index(catalog, DICOM)
    assert [len(scan.image.paths) for scan in index.scans] == [8, 8]


def test_one_patient_in_two_centres(catalog: Callable, save_case: Callable) -> None:
    save_case("P001")
    save_case("P001", folder="other")
    index = _index(catalog, DICOM, {**DICOM, "centre": "B", "path": "other"})
    assert _codes(index) == ["PATIENT_CONFLICT", "PATIENT_CONFLICT"]
    assert index.scans == ()


def test_a_prefix_makes_equal_ids_of_two_centres_two_patients(
    tmp_path: Path, catalog: Callable, save_case: Callable
) -> None:
    save_case("P001")
    save_case("P001", folder="other")
    _save_pair(tmp_path, "P001/baseline")
    sources = [DICOM, {**DICOM, "centre": "B", "path": "other"}, NIFTI]
    index = index_cohort(catalog(*sources, id_form="prefix"), "demo", KEY)
    patients = {(scan.centre, scan.modality): scan.case.patient for scan in index.scans}
    a, b = (pseudonym(KEY, "demo", f"{centre}-P001") for centre in "AB")
    assert patients == {("A", "CT"): a, ("B", "CT"): b, ("B", "MR"): b}
    assert index.quarantined == ()


def test_two_sources_share_a_folder(catalog: Callable, save_case: Callable) -> None:
    save_case("P001")
    save_case("P001", modality="PT", slope=1.0, intercept=0.0)
    pet = {**DICOM, "modality": "PT", "unit": "SUV"}
    index = _index(catalog, DICOM, pet)
    assert [scan.modality for scan in index.scans] == ["CT", "PT"]
    assert _places(index) == {"used": 18, "quarantined": 0, "ignored": 0}
    index = _index(catalog, {**pet, "ignore": {"Modality": "ct"}})
    assert _codes(index) == []
    assert _places(index) == {"used": 9, "quarantined": 0, "ignored": 9}


def test_localizers_screenshots_and_other_files_are_only_counted(catalog: Callable, save_case: Callable) -> None:
    def edit(series: list[Dataset]) -> None:
        scout, shot = copy.deepcopy(series[0]), copy.deepcopy(series[0])
        scout.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        shot.SOPClassUID = shot.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        for ds in (scout, shot):
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        series.extend([scout, shot])

    paths, _ = save_case("P001", edit=edit)
    (paths[0].parent / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (paths[0].parent / "empty").touch()
    index = _index(catalog, DICOM)
    assert len(index.scans) == 1
    assert _places(index) == {"used": 9, "quarantined": 0, "ignored": 4}


@pytest.mark.parametrize(
    ("value", "timepoint"), [("V1", "baseline"), ("V2", "week_6"), ("V3", None), ("", None), (None, None)]
)
def test_timepoint_is_what_the_tag_says(
    catalog: Callable, save_case: Callable, value: str | None, timepoint: str | None
) -> None:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            if value is not None:
                ds.ClinicalTrialTimePointID = value

    save_case("P001", edit=edit)
    rule = {"tag": "ClinicalTrialTimePointID", "codes": {"V1": "baseline", "V2": "week_6"}}
    index = _index(catalog, {**DICOM, "timepoint": rule})
    if timepoint:
        assert [scan.case.timepoint for scan in index.scans] == [timepoint]
    else:
        assert _codes(index) == ["TIMEPOINT_UNKNOWN"]
        assert index.files["quarantined"] == 9


@pytest.mark.parametrize(
    ("keep", "name", "strange"),
    [(300, "8.dcm", 0), (160, "8.dcm", 0), (132, "8", 1), (0, "8.IMA", 1), (0, "8", 0)],
)
def test_bad_file_has_its_own_row(catalog: Callable, save_case: Callable, keep: int, name: str, strange: int) -> None:
    paths, _ = save_case("P001")
    save_case("P002")
    paths[-1].with_name(name).write_bytes(paths[-1].read_bytes()[:keep])
    paths[-1].unlink()
    for number in range(strange):
        (paths[0].parent / f"{number}.txt").write_text("no DICOM file")
    index = _index(catalog, DICOM)
    assert _codes(index) == ["DICOM_TRUNC"]
    assert index.quarantined[0].case == "demo:unknown"
    assert [len(digest) for digest in index.quarantined[0].digests] == [12]
    assert _places(index) == {"used": 17, "quarantined": 1, "ignored": strange}


def test_file_without_patient(catalog: Callable, save_case: Callable) -> None:
    save_case(" ", mask=False)
    index = _index(catalog, DICOM)
    assert _codes(index) == ["PATIENT_UNKNOWN"] * 8


def test_links_out_of_the_root_are_refused(tmp_path: Path, catalog: Callable, save_case: Callable) -> None:
    paths, _ = save_case("P001")
    outside = tmp_path / "outside.dcm"
    outside.write_bytes(paths[0].read_bytes())
    folder = tmp_path / "data" / "ct"
    (folder / "link.dcm").symlink_to(outside)
    (folder / "nowhere.dcm").symlink_to(tmp_path / "nothing")
    (folder / "folder").symlink_to(tmp_path)
    index = _index(catalog, DICOM)
    assert _codes(index) == ["UNREADABLE"] * 3
    assert _places(index) == {"used": 9, "quarantined": 3, "ignored": 0}


@pytest.mark.parametrize("path", ["../elsewhere", "nothing"])
def test_folder_outside_or_absent_is_the_users_fault(tmp_path: Path, catalog: Callable, path: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(RadweaveError, match="folder"):
        index_cohort(catalog({**DICOM, "path": path}), "demo", KEY)


def _save_pair(root: Path, place: str, *, image: bool = True, mask: bool = True) -> None:
    array = np.random.default_rng(0).normal(size=(8, 8, 8)).astype(np.float32)
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[2:6, 2:6, 2:6] = 2
    if image:
        save_nifti(root / "data" / "mr" / place / "T1.nii.gz", array)
    if mask:
        save_nifti(root / "data" / "mr" / place / "T1_mask.nii.gz", labels)


def test_nifti_paths_fit_the_template(tmp_path: Path, catalog: Callable) -> None:
    for place in ("P001/baseline", "P001/week_6", "P002/baseline"):
        _save_pair(tmp_path, place)
    (tmp_path / "data" / "mr" / "readme.txt").touch()
    index = _index(catalog, NIFTI)
    assert sorted(scan.case.timepoint for scan in index.scans) == ["baseline", "baseline", "week_6"]
    assert _places(index) == {"used": 6, "quarantined": 0, "ignored": 1}
    assert index.scans[0].roi == "2"
    assert check_region(read_region(index.scans[0])).facts["voxels"] == 64


def test_nifti_faults(tmp_path: Path, catalog: Callable) -> None:
    _save_pair(tmp_path, "P001/baseline", mask=False)
    _save_pair(tmp_path, "P002/baseline", image=False)
    _save_pair(tmp_path, "P002/never")
    index = _index(catalog, NIFTI)
    assert sorted(_codes(index)) == ["IMAGE_MISSING", "MASK_MISSING", "TIMEPOINT_UNKNOWN", "TIMEPOINT_UNKNOWN"]
    assert _places(index) == {"used": 0, "quarantined": 4, "ignored": 0}


def test_nifti_lesions_share_one_image(tmp_path: Path, catalog: Callable) -> None:
    array = np.ones((4, 4, 4), np.uint8)
    for name in ("P_1.nii.gz", "P_1_mask_a.nii.gz", "P_1_mask_b.nii.gz", "P_2.nii.gz"):
        save_nifti(tmp_path / "data" / "mr" / name, array)
    mask = {"format": "nifti", "path": "mr/{patient}_mask_{lesion}.nii.gz"}
    index = _index(catalog, {**NIFTI, "path": "mr/{patient}.nii.gz", "mask": mask})
    assert [scan.case.lesion for scan in index.scans] == ["a", "b"]
    assert len({scan.case.patient for scan in index.scans}) == 1
    assert _codes(index) == ["MASK_MISSING"]
    assert _places(index) == {"used": 3, "quarantined": 1, "ignored": 0}


def test_nifti_path_without_a_patient(tmp_path: Path, catalog: Callable) -> None:
    _save_pair(tmp_path, " /baseline")
    index = _index(catalog, NIFTI)
    assert _codes(index) == ["PATIENT_UNKNOWN"] * 2
    assert {(row.case, row.message) for row in index.quarantined} == {
        ("demo:unknown", "a file's path names no patient")
    }
    assert _places(index) == {"used": 0, "quarantined": 2, "ignored": 0}


def test_digest_of_a_scan_is_that_of_its_files(catalog: Callable, save_case: Callable) -> None:
    save_case("P001")
    scan = _index(catalog, DICOM).scans[0]
    assert scan.image.digest == digest_files(scan.image.paths)
    assert scan.mask.digest == digest_files(scan.mask.paths)


def test_cohort_of_both_formats_closes(tmp_path: Path, catalog: Callable, save_case: Callable) -> None:
    save_case("P001")
    _save_pair(tmp_path, "P002/baseline")
    index = _index(catalog, DICOM, NIFTI)
    assert [scan.centre for scan in sorted(index.scans, key=lambda scan: scan.centre)] == ["A", "B"]
    assert _places(index) == {"used": 11, "quarantined": 0, "ignored": 0}


@pytest.mark.data
def test_public_soft_tissue_sarcomas_are_indexed(public_data: Callable, catalog: Callable) -> None:
    found = catalog(
        {**NIFTI, "modality": "PT", "unit": "SUV", "path": "{patient}/PET_image.nii.gz",
         "mask": {"format": "nifti", "path": "{patient}/PET_mask.nii.gz"}},
        {**NIFTI, "path": "{patient}/MR_T1_image.nii.gz",
         "mask": {"format": "nifti", "path": "{patient}/MR_T1_mask.nii.gz"}},
    )  # fmt: skip
    cohort = found.cohorts["demo"].model_copy(update={"root": str(public_data("sts"))})
    index = index_cohort(found.model_copy(update={"cohorts": {"demo": cohort}}), "demo", KEY)
    assert [sum(scan.modality == modality for scan in index.scans) for modality in ("PT", "MR")] == [17, 13]
    assert index.quarantined == ()
    for scan in index.scans:
        check_region(read_region(scan))
