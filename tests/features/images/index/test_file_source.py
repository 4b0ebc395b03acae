"""Templates in archives and pairs of files: each path has one image, each file one place, and nothing outside is read."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from features.core.catalog.catalog import Catalog
from features.core.errors import RadweaveError
from features.core.quarantine import REASONS, Rejected
from features.images.index.file_cache import FileCache
from features.images.index.index_cohort import Index, index_cohort
from features.images.region import check_region, read_region
from tests.support.catalog import file_images
from tests.support.scans import nifti_image

KEY = b"k" * 32
RNG = np.random.default_rng(0)
LABELS = np.zeros((6, 6, 6), np.uint8)
LABELS[1:5, 1:5, 1:5] = 1
Members = list[tuple[str, bytes]]


@pytest.fixture(autouse=True)
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where archives are unpacked."""
    monkeypatch.setenv("RADWEAVE_UNPACKED", str(tmp_path / "unpacked"))
    return tmp_path / "unpacked"


def _nifti(array: np.ndarray) -> bytes:
    return bytes(nifti_image(array, np.eye(4)).to_bytes())


IMAGE, LABEL, OTHER = _nifti(RNG.normal(size=(6, 6, 6))), _nifti(LABELS), _nifti(RNG.normal(size=(6, 6, 6)))
CASE = [("CT.nii", IMAGE), ("GTV.nii", LABEL)]


def _source(image: str = "south/{patient}/CT.nii", mask: str = "south/{patient}/GTV.nii", form: str = "nifti") -> dict:
    return file_images(image, mask, form=form)


def _pack(path: Path, members: Members) -> None:
    """An archive of the kind that its name tells; names may stand in it twice."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, pytest.MonkeyPatch.context() as patch:
            patch.setattr("warnings.warn", lambda *_, **__: None)  # of equal names
            for name, data in members:
                archive.writestr(name, data)
    else:
        with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as tar:
            for name, data in members:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    os.utime(path, ns=(10**18, 10**18))


def _write(folder: Path, members: Members) -> None:
    for name, data in members:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def _index(catalog: Callable[..., Catalog], source: dict, cache: FileCache | None = None) -> Index:
    index = index_cohort(catalog(source), "demo", KEY, cache=cache)
    assert "P1" not in repr(index.quarantined) + repr([scan.case for scan in index.scans])
    return index


def _files(**places: int) -> dict[str, int]:
    return {"used": 0, "merged": 0, "quarantined": 0} | places


@pytest.mark.parametrize(
    ("archive", "inside", "image", "mask"),
    [
        ("south/P1.zip", "", "south/{patient}/CT.nii", "south/{patient}/GTV.nii"),
        ("south/P1.TAR.GZ", "./", "south/{patient}/CT.nii", "south/{patient}/GTV.nii"),
        ("south/P1.tgz", "P1/", "south/{patient}/{patient}/CT.nii", "south/{patient}/{patient}/GTV.nii"),
        ("south/baseline/all.tar", "P1/", "south/{timepoint}/all/{patient}/CT.nii", "south/{timepoint}/all/{patient}/GTV.nii"),
        ("south.tar.gz", "P1/", "south/{patient}/CT.nii", "south/{patient}/GTV.nii"),
        ("south.zip", "a\\b\\P1/", "south/a/b/{patient}/CT.nii", "south/a/b/{patient}/GTV.nii"),
        ("P1.zip", "", "{patient}/CT.nii", "{patient}/GTV.nii"),
    ],
)  # fmt: skip
def test_an_archive_is_a_folder_of_its_name(
    tmp_path: Path, catalog: Callable, unpacked: Path, archive: str, inside: str, image: str, mask: str
) -> None:
    _write(tmp_path / "plain" / "data" / "south" / "P1", CASE)
    (tmp_path / "data").mkdir()
    _pack(tmp_path / "data" / archive, [(inside + name, data) for name, data in [*CASE, ("readme.txt", b"hello")]])
    index = _index(catalog, _source(image, mask))
    assert index.files == _files(used=2, ignored_archive=1, ignored_path=1)
    (scan,) = index.scans
    assert check_region(read_region(scan)).facts["voxels"] == 64
    shutil.rmtree(tmp_path / "data")
    (tmp_path / "plain" / "data").rename(tmp_path / "data")
    (wanted,) = _index(catalog, _source()).scans
    assert scan.case == wanted.case
    assert [scan.image.digest, scan.mask.digest] == [wanted.image.digest, wanted.mask.digest]
    assert list(unpacked.iterdir()) == []


def test_a_second_look_reads_nothing_again_and_what_is_gone_is_forgotten(
    tmp_path: Path, catalog: Callable, unpacked: Path
) -> None:
    for patient in ("P1", "P2"):
        _pack(tmp_path / "data" / "south" / f"{patient}.zip", [*CASE, ("note", patient.encode())])

    def again() -> Index:
        cache = FileCache.load(tmp_path / "files.parquet", KEY)
        found = _index(catalog, _source(), cache)
        cache.save()
        return found

    first, second = again(), again()
    assert first.files == second.files == _files(used=4, ignored_archive=2, ignored_path=2)
    assert first.scans == second.scans
    assert (second.read, second.reused) == (4, 2)  # a sample of those used; the archives
    (tmp_path / "data" / "south" / "P1.zip").unlink()
    assert again().files == _files(used=2, ignored_archive=1, ignored_path=1)
    assert len(list(next(unpacked.iterdir()).iterdir())) == 1


def test_archives_with_equal_bytes_are_cases_of_their_own(tmp_path: Path, catalog: Callable) -> None:
    for patient in ("P1", "P2"):
        _pack(tmp_path / "data" / "south" / f"{patient}.zip", CASE)
    index = _index(catalog, _source())
    assert len({scan.case for scan in index.scans}) == 2
    assert index.files == _files(used=2, ignored_archive=2)


@pytest.mark.parametrize(
    ("twin", "files", "codes"),
    [
        (CASE, {"used": 2, "merged": 2}, []),
        ([("CT.nii", OTHER)], {"quarantined": 3}, ["SERIES_AMBIGUOUS"] * 2),
        ([("GTV.nii", OTHER)], {"quarantined": 3}, ["SERIES_AMBIGUOUS"] * 2),
    ],
)
@pytest.mark.parametrize("place", ["folder", "archive", "member"])
def test_files_of_one_path_are_merged_if_they_are_equal_and_refused_if_not(
    tmp_path: Path, catalog: Callable, place: str, twin: Members, files: dict[str, int], codes: list[str]
) -> None:
    south = tmp_path / "data" / "south"
    _pack(south / "P1.zip", [*CASE, *twin] if place == "member" else CASE)
    if place == "folder":
        _write(south / "P1", twin)
    elif place == "archive":
        _pack(south / "P1.tar", twin)
    index = _index(catalog, _source())
    assert [row.code for row in index.quarantined] == codes
    assert index.files == _files(**files, ignored_archive=2 if place == "archive" else 1)


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([("../P1/CT.nii", IMAGE)], "ARCHIVE_UNSAFE"),
        ([("/P1/CT.nii", IMAGE)], "ARCHIVE_UNSAFE"),
        ([("CT.nii", bytes(4 << 20))], "ARCHIVE_BOMB"),
    ],
)
def test_archives_that_are_dangerous_are_refused_for_templates_too(
    tmp_path: Path, catalog: Callable, members: Members, code: str
) -> None:
    _pack(tmp_path / "data" / "south" / "P1.tgz", [*CASE, *members])
    index = _index(catalog, _source())
    assert [row.code for row in index.quarantined] == [code]
    assert index.files == _files(quarantined=1)


def test_an_archive_that_leads_out_of_the_root_is_refused(tmp_path: Path, catalog: Callable) -> None:
    _pack(tmp_path / "elsewhere" / "P1.zip", CASE)
    (tmp_path / "data" / "south").mkdir(parents=True)
    (tmp_path / "data" / "south" / "P1.zip").symlink_to(tmp_path / "elsewhere" / "P1.zip")
    (tmp_path / "data" / "north.zip").symlink_to(tmp_path / "elsewhere" / "P1.zip")
    for source in (_source(), _source("north/{patient}.nii", "north/{patient}_GTV.nii")):
        index = _index(catalog, source)
        assert [row.code for row in index.quarantined] == ["UNREADABLE"]
        assert index.files == _files(quarantined=1)
    with pytest.raises(RadweaveError, match="leads outside"):
        _index(catalog, _source("../elsewhere/P1/{patient}.nii", "../elsewhere/P1/{patient}_GTV.nii"))
    with pytest.raises(RadweaveError, match="no archive of that name"):
        _index(catalog, _source("west/{patient}.nii", "west/{patient}_GTV.nii"))


def test_names_of_members_stay_in_one_private_file(tmp_path: Path, catalog: Callable, unpacked: Path) -> None:
    strange = b"\xff".decode("utf-8", "surrogateescape")
    _pack(tmp_path / "data" / "south" / "P1.tar", [*CASE, (f"{strange}.nii", b"?"), ("x" * 300, b"long")])
    index = _index(catalog, _source())
    assert index.files == _files(used=2, ignored_archive=1, ignored_path=2)
    place = next(next(unpacked.iterdir()).iterdir())
    assert not any("P1" in str(path) for path in unpacked.rglob("*"))
    assert json.loads((place / "names").read_text("utf-8"))["000002.nii"] == f"{strange}.nii"
    assert sorted(one.name for one in place.iterdir()) == ["000000.nii", "000001.nii", "000002.nii", "000003", "names"]
    assert unpacked.joinpath(place.parent).stat().st_mode & 0o077 == 0


def test_a_header_in_an_archive_must_hold_its_voxels(tmp_path: Path, catalog: Callable) -> None:
    header = "ObjectType = Image\nNDims = 3\nDimSize = 6 6 6\nElementType = MET_UCHAR\nElementDataFile = {}\n"
    inside = header.format("LOCAL").encode() + LABELS.tobytes()
    beside = header.format("000002.raw").encode()
    for patient, image in (("P1", beside), ("P2", inside)):
        _pack(
            tmp_path / "data" / "south" / f"{patient}.zip",
            [("CT.mhd", image), ("GTV.mhd", inside), ("000002.raw", LABELS.tobytes())],
        )
    index = _index(catalog, _source("south/{patient}/CT.mhd", "south/{patient}/GTV.mhd", "mha"))
    (row,) = index.quarantined
    assert (row.code, row.message.endswith("unpack the archive yourself")) == ("UNREADABLE", True)
    assert index.files == _files(used=2, quarantined=2, ignored_archive=2, ignored_path=2)
    assert check_region(read_region(index.scans[0])).facts["voxels"] == 64


def _pair(array: np.ndarray, stem: str, ending: str = "") -> Members:
    image = nib.Nifti1Pair(array, np.eye(4))
    image.set_qform(np.eye(4), 1)
    files = nib.Nifti1Pair.make_file_map({"header": io.BytesIO(), "image": io.BytesIO()})
    image.to_file_map(files)
    names = {"header": f"{stem}.hdr{ending}", "image": f"{stem}.img{ending}"}
    return [(name, files[part].fileobj.getvalue()) for part, name in names.items()]


PAIRS = [*_pair(RNG.normal(size=(6, 6, 6)), "CT"), *_pair(LABELS, "GTV")]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("image", "mask"), [("hdr", "hdr"), ("img", "hdr")])
def test_both_files_of_a_pair_belong_to_the_scan(
    tmp_path: Path, catalog: Callable, packed: bool, image: str, mask: str
) -> None:
    def again(pairs: Members) -> Index:
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        place = tmp_path / "data" / "south" / "P1"
        _pack(place.with_suffix(".zip"), pairs) if packed else _write(place, pairs)
        return _index(catalog, _source(f"south/{{patient}}/CT.{image}", f"south/{{patient}}/GTV.{mask}"))

    index = again(PAIRS)
    assert index.files == _files(used=4) | ({"ignored_archive": 1} if packed else {})
    (scan,) = index.scans
    assert [len(scan.image.paths), len(scan.mask.paths)] == [2, 2]
    assert scan.image.paths[0].suffix == f".{image}"
    assert scan.image.bytes == 348 + 6 * 6 * 6 * 8
    assert check_region(read_region(scan)).facts["voxels"] == 64
    for half in (0, 1):
        name, data = PAIRS[half]
        (other,) = again([*PAIRS[:half], (name, data[:-1] + b"\1"), *PAIRS[half + 1 :]]).scans
        assert other.image.digest != scan.image.digest
        assert other.mask.digest == scan.mask.digest


def test_pairs_of_one_path_are_merged_only_if_both_files_are_equal(tmp_path: Path, catalog: Callable) -> None:
    place = tmp_path / "data" / "south" / "P1"
    source = _source("south/{patient}/CT.hdr", "south/{patient}/GTV.hdr")
    _pack(place.with_suffix(".zip"), PAIRS)
    _write(place, PAIRS)
    assert _index(catalog, source).files == _files(used=4, merged=4, ignored_archive=1)
    (place / "CT.img").write_bytes(PAIRS[1][1][::-1])
    index = _index(catalog, source)
    assert [row.code for row in index.quarantined] == ["SERIES_AMBIGUOUS"] * 2
    assert index.files == _files(quarantined=6, merged=2, ignored_archive=1)


@pytest.mark.parametrize("fault", ["absent", "outside"])
def test_a_partner_that_is_absent_or_may_not_be_read_refuses_the_case(
    tmp_path: Path, catalog: Callable, fault: str
) -> None:
    place = tmp_path / "data" / "south" / "P1"
    _write(place, PAIRS)
    (place / "CT.img").rename(tmp_path / "CT.img")
    if fault == "outside":
        (place / "CT.img").symlink_to(tmp_path / "CT.img")
    index = _index(catalog, _source("south/{patient}/CT.hdr", "south/{patient}/GTV.img"))
    assert [row.code for row in index.quarantined] == ["UNREADABLE"] * (1 if fault == "absent" else 2)
    assert index.files == _files(quarantined=2 if fault == "absent" else 3, ignored_path=1)


@pytest.mark.parametrize(
    ("image", "mask", "told"),
    [
        ("south/{patient}/ct.nii", "south/{patient}/GTV.nii", '/ct.nii"; there are "south/*/CT.nii" (4 files)'),
        ("south/{patient}/CT.nii", "south/{patient}_GTV.nii", '_GTV.nii"; there are "south/*/GTV.nii" (4 files)'),
        ("south/{patient}/{timepoint}/CT.nii", "south/{patient}/GTV.nii", '; there are "south/*/CT.nii" (4 files)'),
        ("{timepoint}/{patient}/CT.nii", "{timepoint}/{patient}/GTV.nii", "of the catalog (baseline, week_6); 4 have another word"),
        ("south/{patient}/CT.nii", "south/Pat{patient}/GTV.nii", 'has its mask at "south/Pat{patient}/GTV.nii": the placeholders'),
    ],
)  # fmt: skip
def test_a_template_that_no_file_fits_is_named_once_with_what_is_near(
    tmp_path: Path, catalog: Callable, image: str, mask: str, told: str
) -> None:
    for patient in ("PatDoe", "PatRoe", "PatLow", "PatHigh"):
        _write(tmp_path / "data" / "south" / patient, CASE)
    index = _index(catalog, _source(image, mask))
    assert index.scans == ()
    first = index.warned[0]
    assert (first.code, first.case, first.centre, first.modality, first.files) == (
        *("SOURCE_UNMATCHED", "demo:unknown", "A", "CT", 0),
    )
    assert told in first.message
    assert len({row.message for row in index.warned}) == len(index.warned) <= 2
    assert "Doe" not in repr(index.warned) + repr(index.quarantined)
    for row in index.quarantined:
        if row.code in ("IMAGE_MISSING", "MASK_MISSING"):
            assert (image if row.code == "IMAGE_MISSING" else mask) in row.message
            assert "SOURCE_UNMATCHED tells what is wrong with the paths" in row.message
            assert "SOURCE_UNMATCHED" in REASONS[row.code].remedy


def test_words_in_paths_mean_the_time_points_that_the_source_says(tmp_path: Path, catalog: Callable) -> None:
    """As the sessions of a BIDS tree, whose labels are often numbers."""
    for session in ("01", "02", "03"):
        _write(tmp_path / "data" / "south" / "P1" / f"ses-{session}", CASE)
    source = _source("south/{patient}/ses-{timepoint}/CT.nii", "south/{patient}/ses-{timepoint}/GTV.nii")
    index = _index(catalog, {**source, "timepoint": {"codes": {"01": "baseline", "02": "week_6"}}})
    assert [scan.case.timepoint for scan in index.scans] == ["baseline", "week_6"]
    assert {row.code for row in index.quarantined} == {"TIMEPOINT_UNKNOWN"}


def test_a_folder_without_a_series_of_the_source_is_named(tmp_path: Path, catalog: Callable) -> None:
    _write(tmp_path / "data" / "ct", [("notes.txt", b"none")])
    source = {"format": "dicom", "centre": "A", "modality": "CT", "unit": "HU", "path": "ct"}
    (row,) = _index(catalog, {**source, "mask": {"format": "seg", "roi": "GTV"}}).warned
    assert row.message == 'no CT series lies in "ct"; not DICOM: 1 of 1 file'


def test_incomplete_cases_are_no_fault_of_the_templates(tmp_path: Path, catalog: Callable) -> None:
    _write(tmp_path / "data" / "south" / "P1", CASE[:1])
    _write(tmp_path / "data" / "south" / "P2", CASE[1:])
    index = _index(catalog, _source())
    assert index.warned == ()
    assert "SOURCE_UNMATCHED" not in repr(index.quarantined)


def test_an_adc_of_nifti_has_the_b_values_beside_it_among_its_files(tmp_path: Path, catalog: Callable) -> None:
    signals = [np.full((6, 6, 6), value, np.float32) for value in (900.0, 300.0)]
    for patient, b_values in (("p1", "0 1000"), ("p2", "0 500"), ("p3", "")):
        folder = tmp_path / "data" / patient
        folder.mkdir(parents=True)
        (folder / "dwi.nii").write_bytes(_nifti(np.stack(signals, axis=3)))
        (folder / "mask.nii").write_bytes(LABEL)
        if b_values:
            (folder / "dwi.bval").write_text(b_values)
    source = file_images(
        "{patient}/dwi.nii", "{patient}/mask.nii", modality="MR", unit="um2/s", image="adc", calculate={"kind": "adc"}
    )
    found = index_cohort(catalog(source), "demo", KEY)
    assert found.files == {"used": 8, "merged": 0, "quarantined": 0}
    values = {}
    for scan in found.scans:
        try:
            values[len(scan.image.paths), float(read_region(scan).values[0])] = scan.image.digest
        except Rejected as rejected:
            values[len(scan.image.paths), rejected.code] = scan.image.digest
    adc = 1000 * np.log(3)
    assert sorted(values, key=str) == [
        (1, "CALCULATION"),
        *((2, pytest.approx(one, rel=1e-6)) for one in (adc, 2 * adc)),
    ]
    assert len(set(values.values())) == 3
