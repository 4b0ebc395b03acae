"""Archives: their members are files of the cohort; what is unsafe, damaged or a bomb is refused as a whole."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from features.core.digest import digest_file
from features.core.errors import RadweaveError
from features.core.quarantine import Rejected
from features.images.index import archives
from features.images.index.archives import Unpacked
from features.images.index.file_cache import FileCache
from features.images.index.files import FoundFile, list_files
from features.images.index.index_cohort import Index, index_cohort
from tests.support.scans import save_rtstruct, save_series, square

KEY = b"k" * 32
CT = {"format": "dicom", "centre": "A", "modality": "CT", "unit": "HU", "path": "ct",
      "mask": {"format": "rtstruct", "roi": "gtv.*"}}  # fmt: skip
PLAIN = {"a/Secret^John.dcm": b"one", "b/b.dcm": b"two", "c": b""}


@pytest.fixture(autouse=True)
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where archives are unpacked."""
    monkeypatch.setenv("RADWEAVE_UNPACKED", str(tmp_path / "unpacked"))
    return tmp_path / "unpacked"


def _zip(path: Path, members: dict[str, bytes], *, mode: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr, info.compress_type = mode << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path


def _tar(path: Path, members: dict[str, bytes], *, kind: bytes = tarfile.REGTYPE, link: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.type, info.linkname = len(data), kind, link
            archive.addfile(info, io.BytesIO(data))
    return path


def _members(path: Path, place: Unpacked | None = None) -> list[FoundFile]:
    found = next(one for one in list_files(path.parent, path.parent)[0] if one.path == path)
    return (place or Unpacked(KEY, "demo", path.parent)).members(found, digest_file(path))


def _code(path: Path) -> str:
    with pytest.raises(Rejected) as caught:
        _members(path)
    with pytest.raises(Rejected, match=caught.value.code):  # it is remembered
        _members(path)
    return caught.value.code


@pytest.mark.parametrize("name", ["x.zip", "x.TAR", "x.tar.gz", "x.tgz"])
def test_members_are_private_files_without_their_names(tmp_path: Path, unpacked: Path, name: str) -> None:
    path = (_zip if name.endswith("zip") else _tar)(tmp_path / "data" / name, PLAIN)
    found = _members(path)
    assert [one.path.read_bytes() for one in found] == list(PLAIN.values())
    assert [one.size for one in found] == [3, 3, 0]
    folder = next(unpacked.iterdir())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "Secret" not in " ".join(map(str, unpacked.rglob("*")))
    assert list(folder.iterdir()) == [folder / digest_file(path)[:32]]


def test_what_is_unpacked_again_is_the_same(tmp_path: Path, unpacked: Path) -> None:
    path = _zip(tmp_path / "data" / "x.zip", PLAIN)
    before = _members(path)
    shutil.rmtree(unpacked)
    assert _members(path) == before


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "..\\x", "C:\\x", "\\\\host\\x"])
@pytest.mark.parametrize("pack", [_zip, _tar])
def test_names_that_lead_out_are_refused(tmp_path: Path, pack: Callable, name: str) -> None:
    path = pack(tmp_path / "data" / ("x.zip" if pack is _zip else "x.tar"), {"fine": b"1", name: b"2"})
    assert _code(path) == "ARCHIVE_UNSAFE"
    assert [one.name for one in tmp_path.rglob("x")] == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    assert _code(_tar(tmp_path / "data" / "x.tgz", {"a": b""}, kind=kind, link="/etc/hostname")) == "ARCHIVE_UNSAFE"


def test_links_and_archives_in_a_zip_are_refused(tmp_path: Path) -> None:
    assert _code(_zip(tmp_path / "a" / "x.zip", {"a": b"/etc/hostname"}, mode=stat.S_IFLNK | 0o777)) == "ARCHIVE_UNSAFE"
    assert _code(_zip(tmp_path / "b" / "x.zip", {"inner.ZIP": b"PK"})) == "ARCHIVE_UNSAFE"


@pytest.mark.parametrize("name", ["x.zip", "x.tgz"])
def test_bombs_are_left_while_they_unpack(tmp_path: Path, unpacked: Path, name: str) -> None:
    pack = _zip if name.endswith("zip") else _tar
    assert _code(pack(tmp_path / "data" / name, {"zeros": bytes(4 << 20)})) == "ARCHIVE_BOMB"
    assert sum(path.stat().st_size for path in unpacked.rglob("*") if path.is_file()) < 1000


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "data" / "x.zip", {"zeros": bytes(4 << 20)})
    path.write_bytes(path.read_bytes().replace((4 << 20).to_bytes(4, "little"), (9).to_bytes(4, "little")))
    assert _code(path) in ("ARCHIVE_BOMB", "ARCHIVE_DAMAGED")


@pytest.mark.parametrize("name", ["x.zip", "x.tar"])
def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    assert _code((_zip if name.endswith("zip") else _tar)(tmp_path / "data" / name, PLAIN)) == "ARCHIVE_BOMB"


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tgz"])
@pytest.mark.parametrize("keep", [0, 40, 0.5, -1])
def test_damaged_archives_are_refused(tmp_path: Path, name: str, keep: float) -> None:
    data = np.random.default_rng(0).bytes(20_000)
    path = (_zip if name.endswith("zip") else _tar)(tmp_path / "data" / name, {"a": data})
    size = path.stat().st_size if name != "x.tar" else 20_512
    path.write_bytes(path.read_bytes()[: int(size * keep) if 0 < keep < 1 else int(keep) if keep >= 0 else size - 1])
    assert _code(path) == "ARCHIVE_DAMAGED"


def test_a_wrong_checksum_is_damage(tmp_path: Path) -> None:
    path = _zip(tmp_path / "data" / "x.zip", {"a": b"0123456789"})
    data = path.read_bytes()
    place = data.index(b"PK\1\2") - 3  # in the deflated data
    path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
    assert _code(path) == "ARCHIVE_DAMAGED"


def test_a_folder_that_cannot_be_made_is_the_users_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RADWEAVE_UNPACKED", str(tmp_path / "file"))
    with pytest.raises(RadweaveError, match="set RADWEAVE_UNPACKED"):
        _members(_zip(tmp_path / "data" / "x.zip", PLAIN))


def _pack_case(tmp_path: Path, patient: str) -> Path:
    place = tmp_path / "case" / patient
    _, series = save_series(place, np.zeros((3, 4, 4)), patient=patient)
    save_rtstruct(place, series, [("GTV", [square(-7, -7, -6, -6, 0.0)])])
    path = _zip(tmp_path / "data" / "ct" / f"{patient}.zip", {one.name: one.read_bytes() for one in place.iterdir()})
    os.utime(path, ns=(10**18, 10**18))
    return path


def test_cases_in_archives_are_found_and_gone_with_them(tmp_path: Path, unpacked: Path, catalog: Callable) -> None:
    paths = [_pack_case(tmp_path, patient) for patient in ("P001", "P002")]
    shutil.copy2(paths[0], paths[0].with_name("again.zip"))
    (tmp_path / "data" / "ct" / "bad.tar").write_bytes(b"no archive")
    os.utime(tmp_path / "data" / "ct" / "bad.tar", ns=(10**18, 10**18))

    def again() -> Index:
        cache = FileCache.load(tmp_path / "files.parquet", KEY)
        found = index_cohort(catalog(CT), "demo", KEY, cache=cache)
        cache.save()
        return found

    first = again()
    assert [row.code for row in first.quarantined] == ["ARCHIVE_DAMAGED"]
    assert first.files == {"used": 8, "merged": 1, "quarantined": 1, "ignored_archive": 2}
    second = again()
    assert (second.scans, second.quarantined, second.files) == (first.scans, first.quarantined, first.files)
    assert second.read == 8  # the sample
    for path in paths[1:]:
        path.unlink()
    third = again()
    assert third.files == {"used": 4, "merged": 1, "quarantined": 1, "ignored_archive": 1}
    assert len(list(next(unpacked.iterdir()).iterdir())) == 2
    shutil.rmtree(tmp_path / "data" / "ct")
    (tmp_path / "data" / "ct").mkdir()
    assert again().files == {"used": 0, "merged": 0, "quarantined": 0}
    assert list(unpacked.iterdir()) == []


def test_an_archive_that_templates_use_is_not_missed_by_a_dicom_source(tmp_path: Path, catalog: Callable) -> None:
    path = _pack_case(tmp_path, "P001")
    (tmp_path / "data" / "files").mkdir()
    shutil.copy2(path, tmp_path / "data" / "files" / "P001.zip")
    mask = {"format": "nifti", "path": "files/{patient}/mask.nii"}
    files = {**CT, "format": "nifti", "path": "files/{patient}/image.nii", "mask": mask}
    found = index_cohort(catalog(files, CT), "demo", KEY)
    assert found.files == {"used": 4, "merged": 0, "quarantined": 0, "ignored_archive": 2}


def test_what_another_process_unpacks_is_left_alone_for_a_day(tmp_path: Path, unpacked: Path) -> None:
    place = Unpacked(KEY, "demo", tmp_path / "data")
    _members(_zip(tmp_path / "data" / "x.zip", PLAIN), place)
    folder = next(unpacked.iterdir())
    for name, age_s in ((".unpacking-new", 60), (".unpacking-old", 100_000)):
        (folder / name).mkdir()
        os.utime(folder / name, (time.time() - age_s,) * 2)
    place.forget_others()
    assert {path.name[:14] for path in folder.iterdir() if path.name[0] == "."} == {".unpacking-new"}
    assert len(list(folder.iterdir())) == 2
