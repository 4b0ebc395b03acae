"""index_cohort with a cache: it opens what is new, finds what an index without cache finds, and keeps no patient data."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from stat import S_ISREG

import numpy as np
import pytest
from pydicom import dcmread

from features.core.errors import RadweaveError
from features.core.pseudonym import pseudonym
from features.core.storage.table import read_table
from features.images.index import file_cache
from features.images.index.file_cache import FileCache
from features.images.index.index_cohort import Index, index_cohort
from tests.support.scans import save_nifti, save_rtstruct, save_series

pytestmark = pytest.mark.slow

KEY = b"k" * 32
RULE = {"tag": "ClinicalTrialTimePointID", "codes": {"V1": "baseline", "V2": "week_6"}}
CT = {"format": "dicom", "centre": "A", "modality": "CT", "unit": "HU", "path": "ct", "timepoint": RULE,
      "mask": {"format": "rtstruct", "roi": "gtv.*"}}  # fmt: skip
PT = {**CT, "modality": "PT", "unit": "SUV", "mask": {"format": "seg", "roi": "lesion"}}
MR = {"format": "nifti", "centre": "B", "modality": "MR", "unit": "arbitrary", "path": "mr/{patient}/{timepoint}/T1.nii",
      "mask": {"format": "nifti", "path": "mr/{patient}/{timepoint}/T1_{lesion}.nii"}}  # fmt: skip
SOURCES = (CT, PT, MR)
_OPENED: list[str] = []
_WATCH: list[str] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _WATCH and event == "open" and str(arguments[0]).startswith(_WATCH[0]):
        _OPENED.append(str(arguments[0])[len(_WATCH[0]) + 1 :])


sys.addaudithook(_hook)  # there is no way to remove it: it sleeps while nothing is watched


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[list[str]]:
    """Files of the cohort that are opened, whoever does it; each name stands there as often as it is opened."""
    _OPENED.clear()
    _WATCH.append(str(tmp_path / "data"))
    yield _OPENED
    _WATCH.clear()


@pytest.fixture
def no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_cache, "SAMPLE_FILES", 0)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two CT, one of them with a second structure set; two MR, one of two lesions; faults; all written long ago."""
    data = tmp_path / "data"

    def edit(series: list) -> None:
        for ds in series:
            ds.ClinicalTrialTimePointID = "V1"

    for patient, rois in (("P001", ["GTV Brown John"]), ("P002", ["GTV", "Heart"]), ("P003", [])):
        _, series = save_series(data / "ct" / patient, patient=patient, edit=edit)
        for roi in rois:
            save_rtstruct(data / "ct" / patient, series, [(roi, [])], stem=roi)
    array = np.ones((4, 4, 4), np.uint8)
    for name in ("P007/baseline/T1", "P007/baseline/T1_a", "P007/baseline/T1_b", "P008/week_6/T1", "P008/never/T1"):
        save_nifti(data / "mr" / f"{name}.nii", array)
    (data / "ct" / "cut.dcm").write_bytes((data / "ct" / "P001" / "image000.dcm").read_bytes()[:300])
    (data / "ct" / "notes.txt").write_text("nothing")
    _settle(data)
    return data


def _settle(folder: Path) -> None:
    """As if the files had been written an hour ago."""
    for path in folder.rglob("*"):
        stat = path.lstat()
        if S_ISREG(stat.st_mode) and stat.st_mtime_ns > stat.st_ctime_ns - 10**12:
            mtime_ns = stat.st_mtime_ns - 3_600 * 10**9
            os.utime(path, ns=(mtime_ns, mtime_ns))


def _again(root: Path, catalog: Callable, *sources: dict, key: bytes = KEY, **options: object) -> Index:
    cache = FileCache.load(root.parent / "files.parquet", key)
    index = index_cohort(catalog(*(sources or SOURCES)), "demo", key, cache=cache, **options)
    cache.save()
    return index


def _facts(index: Index) -> tuple[object, ...]:
    return index.scans, index.quarantined, index.files, index.withdrawn


def _codes(index: Index) -> list[str]:
    return [row.code for row in index.quarantined]


def test_unchanged_files_are_not_opened(root: Path, catalog: Callable, opened: list[str], no_sample: None) -> None:
    first = _again(root, catalog)
    assert _facts(first) == _facts(index_cohort(catalog(*SOURCES), "demo", KEY))
    assert sorted(_codes(first)) == ["DICOM_TRUNC", "MASK_MISSING", "MASK_MISSING", "TIMEPOINT_UNKNOWN"]
    assert len(first.scans) == 4
    assert first.reused == 0
    assert first.read == len(set(opened)) > 30
    opened.clear()
    second = _again(root, catalog)
    assert _facts(second) == _facts(first)
    assert opened == []
    assert (second.read, second.reused) == (0, first.read)


def test_the_sample_alone_is_opened(root: Path, catalog: Callable, opened: list[str]) -> None:
    first = _again(root, catalog)
    opened.clear()
    second = _again(root, catalog)
    assert len(opened) == len(set(opened)) == 8
    assert (second.read, second.reused) == (8, first.read - 8)


def test_a_changed_case_costs_its_own_files(root: Path, catalog: Callable, opened: list[str], no_sample: None) -> None:
    before = _again(root, catalog)
    path = root / "ct" / "P001" / "image003.dcm"
    ds = dcmread(path)
    ds.PixelData = bytes(len(ds.PixelData))
    ds.save_as(path)
    opened.clear()
    after = _again(root, catalog)
    assert set(opened) == {"ct/P001/image003.dcm"}
    assert sum(one != other for one, other in zip(before.scans, after.scans, strict=True)) == 1
    opened.clear()
    os.utime(path, ns=(10**18, 10**18))  # touched, but equal
    assert _facts(_again(root, catalog)) == _facts(after)
    assert set(opened) == {"ct/P001/image003.dcm"}


def test_a_renamed_folder_is_read_again(root: Path, catalog: Callable, opened: list[str], no_sample: None) -> None:
    before = _again(root, catalog)
    (root / "ct" / "P001").rename(root / "ct" / "moved")
    opened.clear()
    after = _again(root, catalog)
    assert {Path(name).parent.name for name in opened} == {"moved"}
    assert [scan.image.digest for scan in after.scans] == [scan.image.digest for scan in before.scans]


def test_another_pattern_reads_the_headers_of_masks_alone(
    root: Path, catalog: Callable, opened: list[str], no_sample: None
) -> None:
    _again(root, catalog)
    opened.clear()
    heart = {**CT, "mask": {"format": "rtstruct", "roi": "heart"}}
    index = _again(root, catalog, heart, PT, MR)
    assert {Path(name).name for name in opened} == {"GTV Brown John000.dcm", "GTV000.dcm", "Heart000.dcm"}
    assert _facts(index) == _facts(index_cohort(catalog(heart, PT, MR), "demo", KEY))


def test_other_codes_read_nothing_and_another_tag_all_headers(
    root: Path, catalog: Callable, opened: list[str], no_sample: None
) -> None:
    assert {scan.case.timepoint for scan in _again(root, catalog, CT).scans} == {"baseline"}
    opened.clear()
    codes = {**CT, "timepoint": {**RULE, "codes": {"V1": "week_6"}}}
    assert {scan.case.timepoint for scan in _again(root, catalog, codes).scans} == {"week_6"}
    assert opened == []
    tag = {**CT, "timepoint": {**RULE, "tag": "StudyID"}}
    assert set(_codes(_again(root, catalog, tag))) == {"DICOM_TRUNC", "TIMEPOINT_UNKNOWN"}
    assert len(set(opened)) == len([path for path in (root / "ct").rglob("*") if path.is_file()])


def test_silent_corruption_rejects_the_scan_until_it_is_accepted(root: Path, catalog: Callable) -> None:
    before = _again(root, catalog, MR)
    path = root / "mr" / "P007" / "baseline" / "T1_a.nii"
    stat, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-1] + b"\7")
    os.utime(path, ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    for _ in range(2):
        index = _again(root, catalog, MR)
        assert "FILE_CHANGED" in _codes(index)
        assert [scan.case.lesion for scan in index.scans] == ["b"]
        assert sum(index.files.values()) == sum(before.files.values())
    index = _again(root, catalog, MR, rehash=True)
    assert _facts(index) == _facts(index_cohort(catalog(MR), "demo", KEY))
    assert index.scans[0].mask.digest != before.scans[0].mask.digest
    assert index.reused == 0
    assert _facts(_again(root, catalog, MR)) == _facts(index)


def test_rehash_finds_what_the_sample_has_not_seen(root: Path, catalog: Callable, no_sample: None) -> None:
    before = _again(root, catalog)
    path = root / "ct" / "P001" / "image000.dcm"
    stat, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-1] + b"\7")
    os.utime(path, ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    assert _facts(_again(root, catalog)) == _facts(before)
    assert _facts(_again(root, catalog, rehash=True)) != _facts(before)


def test_another_key_reads_all(root: Path, catalog: Callable, opened: list[str]) -> None:
    first = _again(root, catalog)
    other = _again(root, catalog, key=b"j" * 32)
    assert (other.read, other.reused) == (first.read, 0)
    assert _facts(other) == _facts(index_cohort(catalog(*SOURCES), "demo", b"j" * 32))


def test_the_cache_holds_no_patient_data(root: Path, catalog: Callable) -> None:
    _again(root, catalog)
    table = read_table(root.parent / "files.parquet")
    told = repr(table.to_pydict()).encode()
    data = (root.parent / "files.parquet").read_bytes() + told
    uids = {str(dcmread(path)[tag].value) for path in (root / "ct").glob("P*/*") for tag in ("SeriesInstanceUID",)}
    for secret in ("P001", "P007", "Brown", "GTV B", "Heart", "1.2.826", "image0", "T1", "V1", ".dcm", "Secret", *uids):
        assert secret.encode() not in (data if len(secret) > 3 else told)  # two letters stand in any compressed bytes
    assert table.num_rows > 30
    assert pseudonym(KEY, "demo", "P001").encode() in data


def test_a_pattern_that_is_none_is_the_users_fault(root: Path, catalog: Callable) -> None:
    with pytest.raises(RadweaveError, match=r'pattern "gtv\(" of the catalog is no regular expression'):
        _again(root, catalog, {**CT, "mask": {"format": "rtstruct", "roi": "gtv("}})


@pytest.mark.parametrize(
    ("entry", "scans", "rows"),
    [
        (("P001",), 1, 0),
        (("P001", "baseline"), 1, 0),
        (("P001", "week_6"), 0, 0),
        (("P007",), 2, 0),
        (("P007", "baseline", "a"), 1, 0),
        (("P008",), 0, 2),
        (("P003",), 0, 1),
    ],
)
def test_who_withdrew_is_left_out(
    root: Path, catalog: Callable, opened: list[str], entry: tuple[str, ...], scans: int, rows: int
) -> None:
    before = _again(root, catalog)
    patient = pseudonym(KEY, "demo", entry[0])
    withdrawn = frozenset({":".join(("demo", patient, *entry[1:]))})
    opened.clear()
    index = _again(root, catalog, withdrawn=withdrawn)
    touched = " ".join(opened)
    assert len(before.scans) - len(index.scans) == scans
    assert len(before.quarantined) - len(index.quarantined) == rows
    assert index.withdrawn == scans + rows
    assert sum(index.files.values()) == sum(before.files.values())
    assert bool(index.files["withdrawn"]) == bool(scans + rows)
    assert _facts(index) == _facts(index_cohort(catalog(*SOURCES), "demo", KEY, withdrawn=withdrawn))
    if len(entry) == 1:
        assert patient not in repr((index.scans, index.quarantined))
        assert entry[0] not in touched
    assert _facts(_again(root, catalog)) == _facts(before)


def _swap(one: Path, other: Path) -> None:
    one.rename(one.with_name("swapping"))
    other.rename(one)
    one.with_name("swapping").rename(other)


def _rename_patient(path: Path) -> None:
    ds = dcmread(path)
    ds.PatientID = "P999"
    ds.save_as(path)


def _link(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


MUTATIONS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda root: None,
    "slice removed": lambda root: (root / "ct/P001/image002.dcm").unlink(missing_ok=True),
    "mask removed": lambda root: (root / "ct/P002/GTV000.dcm").unlink(missing_ok=True),
    "case removed": lambda root: shutil.rmtree(root / "ct/P001", ignore_errors=True),
    "case added": lambda root: shutil.copytree(root / "ct/P002", root / "ct/copy", dirs_exist_ok=True),
    "slice copied": lambda root: shutil.copy2(root / "ct/P002/image000.dcm", root / "ct/P002/twin.dcm"),
    "slice of another patient": lambda root: _rename_patient(root / "ct/P002/image001.dcm"),
    "mask of another patient": lambda root: _rename_patient(root / "ct/P002/Heart000.dcm"),
    "slice cut": lambda root: (root / "ct/P002/image004.dcm").write_bytes(b"\0" * 128 + b"DICM"),
    "slice emptied": lambda root: (root / "ct/P002/image005.dcm").write_bytes(b""),
    "slices swapped": lambda root: _swap(root / "ct/P002/image000.dcm", root / "ct/P003/image000.dcm"),
    "touched": lambda root: (root / "ct/P003/image006.dcm").touch(),
    "file becomes folder": lambda root: (
        (root / "ct/notes.txt").unlink(missing_ok=True),
        (root / "ct/notes.txt").mkdir(exist_ok=True),
    ),
    "label changed": lambda root: (root / "mr/P007/baseline/T1_b.nii").write_bytes(b"no longer NIfTI"),
    "lesion renamed": lambda root: (root / "mr/P007/baseline/T1_a.nii").rename(root / "mr/P007/baseline/T1_c.nii"),
    "link": lambda root: _link(root / "mr/P008/week_6/T1_z.nii", root / "mr/P007/baseline/T1_b.nii"),
    "link moved": lambda root: _link(root / "mr/P008/week_6/T1_z.nii", root / "mr/P007/baseline/T1.nii"),
    "link out": lambda root: _link(root / "mr/P008/week_6/T1_z.nii", Path(__file__)),
}


@pytest.mark.parametrize("settled", [True, False])
@pytest.mark.parametrize("name", MUTATIONS)
def test_with_and_without_cache_the_index_is_the_same(root: Path, catalog: Callable, name: str, settled: bool) -> None:
    _again(root, catalog)
    MUTATIONS[name](root)
    if settled:
        _settle(root)
    expected = _facts(index_cohort(catalog(*SOURCES), "demo", KEY))
    assert _facts(_again(root, catalog)) == expected
    assert _facts(_again(root, catalog)) == expected


@pytest.mark.parametrize("seed", range(3))
def test_with_and_without_cache_it_is_the_same_after_many_changes(root: Path, catalog: Callable, seed: int) -> None:
    rng = np.random.default_rng(seed)
    done = []
    for name in rng.permutation(sorted(MUTATIONS)):
        try:
            MUTATIONS[name](root)
            done.append(name)
        except FileNotFoundError:  # another change took it away
            continue
        if rng.random() < 0.7:
            _settle(root)
        sources = [SOURCES[i] for i in sorted(rng.permutation(3)[: rng.integers(1, 4)])]
        assert _facts(_again(root, catalog, *sources)) == _facts(index_cohort(catalog(*sources), "demo", KEY))
    assert len(done) > 10
