"""A folder of images becomes another one: what is written, where, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from features.core.catalog.catalog import Catalog, load_catalog
from features.core.errors import RadweaveError
from features.core.pseudonym import pseudonym
from features.core.quarantine import Rejected
from features.images.index.index_cohort import index_cohort
from features.images.region import read_region
from features.privacy.folder import Plan, deidentify_file, plan_folder
from features.privacy.profile import OPTIONS
from features.simulate.simulate_cohort import simulate_cohort
from tests.support.catalog import catalog_of, cohort_of, dicom_images, file_images

KEY = b"k" * 32
ALL = frozenset(OPTIONS)
COHORT = cohort_of(
    dicom_images(
        "north/ct",
        mask={"format": "rtstruct", "roi": "Zeta-GTV"},
        timepoint={"tag": "ClinicalTrialTimePointID", "codes": {"T0": "baseline"}},
    ),
    file_images(
        "mr/{patient}/{timepoint}.nrrd",
        "mr/{patient}/{timepoint}_{lesion}_mask.nrrd",
        form="nrrd",
        modality="MR",
        unit="arbitrary",
    ),
    root="in",
    timepoints={"baseline": 0, "week_6": 42},
    id_form={"upper": True},
)
NRRD = b"NRRD0004\n# Doe\ntype: short\ndimension: 3\nsizes: 1 1 1\nencoding: raw\nendian: little\n\n\1\2"


@pytest.fixture
def declared(tmp_path: Path) -> Catalog:
    return catalog_of(tmp_path, demo=COHORT)


@pytest.fixture
def source(tmp_path: Path, ct_slice: Callable[..., Dataset]) -> Path:
    """Files of all kinds, with the name of a person wherever one may stand."""
    folder = tmp_path / "in"
    for place in ("north/ct/Doe^John", "mr/p-1", "elsewhere"):
        (folder / place).mkdir(parents=True)
    ct_slice().save_as(folder / "north/ct/Doe^John/1.dcm", enforce_file_format=True)
    ct_slice().save_as(folder / "elsewhere/Doe.dcm", enforce_file_format=True)
    ct_slice(BurnedInAnnotation="YES").save_as(folder / "elsewhere/2.dcm", enforce_file_format=True)
    ct_slice(PatientID="").save_as(folder / "elsewhere/3.dcm", enforce_file_format=True)
    ct_slice(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11").save_as(folder / "elsewhere/4.dcm", enforce_file_format=True)
    (folder / "elsewhere/5.dcm").write_bytes(bytes(128) + b"DICM" + bytes(40))
    for name in ("mr/p-1/week_6.nrrd", "mr/p-1/week_6_left_mask.nrrd", "elsewhere/Doe.nrrd"):
        (folder / name).write_bytes(NRRD)
    (folder / "elsewhere/patients.csv").write_text("id,name\nP-1,Doe")
    (folder / "outside").symlink_to(tmp_path)
    return folder


def _run(plan: Plan, target: Path) -> dict[str, str]:
    """Old names of the files and what became of them, a code or nothing."""
    found = {}
    for job in plan.jobs:
        try:
            deidentify_file(job, plan, target)
            found[job.name] = ""
        except Rejected as rejected:
            found[job.name] = rejected.code
    return found


def test_every_file_is_written_or_refused(source: Path, tmp_path: Path, declared: Catalog) -> None:
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file() and not path.is_symlink()}
    target = tmp_path / "out"
    plan = plan_folder(source, target, "demo", KEY, ALL, declared.cohort("demo"))
    assert _run(plan, target) == {
        "north/ct/Doe^John/1.dcm": "",
        "mr/p-1/week_6.nrrd": "",
        "mr/p-1/week_6_left_mask.nrrd": "",
        "elsewhere/Doe.dcm": "",
        "elsewhere/2.dcm": "PHI_BURNED",
        "elsewhere/3.dcm": "PATIENT_UNKNOWN",
        "elsewhere/4.dcm": "NOT_IMAGE",
        "elsewhere/5.dcm": "DICOM_TRUNC",
        "elsewhere/Doe.nrrd": "PATIENT_UNKNOWN",
        "elsewhere/patients.csv": "NOT_IMAGE",
    }
    assert plan.unreadable == 1  # the link that leads outside
    patient = pseudonym(KEY, "demo", "P-1")  # the index's, after the catalog's form of ids
    written = sorted(str(path.relative_to(target)) for path in target.rglob("*") if path.is_file())
    assert written[-1].startswith(f"north/ct/{patient}/") and written[-1].endswith(".dcm")
    assert written[1:3] == [f"mr/{patient}/week_6.nrrd", f"mr/{patient}/week_6_left_mask.nrrd"]
    assert written[0].startswith(f"{patient}/") and len(written) == 4
    for path in target.rglob("*"):
        for canary in ("Doe", "John", "P-1", "p-1"):
            assert canary not in str(path.relative_to(target))
            assert path.is_dir() or canary.encode() not in path.read_bytes()
    assert dcmread(target / written[-1]).PatientID == patient
    assert {path: path.read_bytes() for path in before} == before


def test_without_a_catalog_the_paths_of_other_files_name_no_patient(source: Path, tmp_path: Path) -> None:
    found = _run(plan_folder(source, tmp_path / "out", "demo", KEY, ALL), tmp_path / "out")
    assert {name for name, code in found.items() if not code} == {"north/ct/Doe^John/1.dcm", "elsewhere/Doe.dcm"}
    assert found["mr/p-1/week_6.nrrd"] == "PATIENT_UNKNOWN"


def test_a_centre_in_front_of_ids_is_that_of_the_source_that_has_the_file(source: Path, tmp_path: Path) -> None:
    dicom, files = COHORT["images"]
    cohort = {**COHORT, "centres": {"A": {}, "B": {}}, "id_form": {"upper": True, "prefix": True}}
    cohort["images"] = [dicom, {**files, "centre": "B"}]
    declared = catalog_of(tmp_path, demo=cohort).cohort("demo")
    target = tmp_path / "out"
    found = _run(plan_folder(source, target, "demo", KEY, ALL, declared), target)
    assert {name for name, code in found.items() if not code} == {
        *("north/ct/Doe^John/1.dcm", "mr/p-1/week_6.nrrd", "mr/p-1/week_6_left_mask.nrrd"),
    }
    assert found["elsewhere/Doe.dcm"] == "PATIENT_UNKNOWN"  # its centre is not known
    assert {path.name for path in (*target.glob("north/ct/*"), *target.glob("mr/*"))} == {
        *(pseudonym(KEY, "demo", "A-P-1"), pseudonym(KEY, "demo", "B-P-1")),
    }
    both = {**cohort, "images": [dicom, {**dicom, "centre": "B"}, files]}
    declared = catalog_of(tmp_path, demo=both).cohort("demo")
    (job,) = [
        job for job in plan_folder(source, tmp_path / "two", "demo", KEY, ALL, declared).jobs if "1.dcm" in job.name
    ]
    assert job.centre == ""


def test_words_and_codes_of_the_catalog_stay(source: Path, tmp_path: Path, declared: Catalog) -> None:
    rules = plan_folder(source, tmp_path / "out", "demo", KEY, ALL, declared.cohort("demo")).rules
    assert rules.vocabulary.clean("Zeta-GTV") == "Zeta-GTV"
    assert rules.timepoints == {"ClinicalTrialTimePointID": frozenset({"T0"})}


@pytest.mark.parametrize(
    ("into", "message"), [("in/out", "lies in"), (".", "lies in"), ("in", "lies in"), ("full", "is not empty")]
)
def test_nothing_is_written_over(source: Path, tmp_path: Path, into: str, message: str) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    with pytest.raises(RadweaveError, match=message):
        plan_folder(source, tmp_path / into, "demo", KEY, ALL)
    with pytest.raises(RadweaveError, match="is no folder"):
        plan_folder(tmp_path / "absent", tmp_path / "new", "demo", KEY, ALL)


def test_folders_that_are_dates_are_moved_as_dates_of_files_are(tmp_path: Path) -> None:
    for patient, day in (("P-1", "2020-01-31"), ("P-1", "2020-03-11"), ("P-2", "2020-01-31"), ("P-1", "Doe")):
        place = tmp_path / "in" / patient / day
        place.mkdir(parents=True)
        (place / "ct.nrrd").write_bytes(NRRD)
        (place / "roi.nrrd").write_bytes(NRRD)
    paths = "{patient}/{timepoint}/ct.nrrd", "{patient}/{timepoint}/roi.nrrd"
    images = file_images(*paths, form="nrrd", timepoint={"date": "%Y-%m-%d"})
    declared = catalog_of(tmp_path, demo=cohort_of(images, timepoints={"visit": {"to": 9}})).cohort("demo")
    plan = plan_folder(tmp_path / "in", tmp_path / "out", "demo", KEY, ALL, declared)
    assert {name for name, code in _run(plan, tmp_path / "out").items() if code} == {
        "P-1/Doe/ct.nrrd",
        "P-1/Doe/roi.nrrd",
    }
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").glob("*/*/ct.nrrd"))
    own = [date.fromisoformat(name.split("/")[1]) for name in found if name.startswith(pseudonym(KEY, "demo", "P-1"))]
    assert (own[1] - own[0]).days == 40
    assert not any(day in name for name in found for day in ("2020-01-31", "2020-03-11"))
    assert len({name.split("/")[1] for name in found}) == 3  # another distance for each patient
    bare = plan_folder(tmp_path / "in", tmp_path / "none", "demo", KEY, ALL - {"dates"}, declared)
    assert {job.patient for job in bare.jobs} == {""}  # no folder is named for a date, moved or not


@pytest.mark.slow
def test_the_index_and_the_regions_are_those_of_the_original(tmp_path: Path) -> None:
    """DICOM with RTSTRUCT, DICOM with SEG, NIfTI: the same scans, voxels, masks and geometry under new pseudonyms."""
    catalog = load_catalog(simulate_cohort(tmp_path / "old", centres=3, patients_per_centre=1, seed=1))
    plan = plan_folder(tmp_path / "old", tmp_path / "new", "builtin", KEY, ALL, catalog.cohort("builtin"))
    assert set(_run(plan, tmp_path / "new").values()) == {"", "NOT_IMAGE"}
    shutil.copy(tmp_path / "old/data_catalog.yaml", tmp_path / "new")
    old = index_cohort(catalog, "builtin", KEY)
    new = index_cohort(load_catalog(tmp_path / "new/data_catalog.yaml"), "builtin", KEY)
    again = {pseudonym(KEY, "builtin", scan.case.patient): scan.case.patient for scan in old.scans}
    assert old.quarantined == new.quarantined == ()
    assert {(s.case.patient, s.case.timepoint, s.centre) for s in old.scans} == {
        (again[s.case.patient], s.case.timepoint, s.centre) for s in new.scans
    }
    regions = {(scan.case.patient, scan.case.timepoint): read_region(scan) for scan in old.scans}
    for scan in new.scans:
        a, b = regions[again[scan.case.patient], scan.case.timepoint], read_region(scan)
        assert a.volume.matches(b.volume, tolerance=0) and a.volume.facts == b.volume.facts
        assert np.array_equal(a.volume.array, b.volume.array) and np.array_equal(a.mask, b.mask)
