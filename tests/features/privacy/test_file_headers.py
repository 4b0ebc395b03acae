"""NIfTI, NRRD and MetaImage files lose every text of their headers and no voxel."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from features.core.errors import StoreError
from features.core.quarantine import Rejected
from features.images.formats.volume import read_volume
from features.privacy.file_headers import strip_file

CANARY = "DOE^JOHN"


@pytest.fixture
def voxels() -> np.ndarray:
    return np.random.default_rng(0).integers(-900, 900, (4, 5, 6), dtype=np.int16)


def _same(a: Path, b: Path) -> None:
    old, new = read_volume(a), read_volume(b)
    assert np.array_equal(old.array, new.array) and old.array.dtype == new.array.dtype
    assert old.matches(new, tolerance=0)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_nifti(tmp_path: Path, voxels: np.ndarray, kind: type, ending: str) -> None:
    image = kind(voxels, np.diag([1.0, 2.0, 3.0, 1.0]))
    header = image.header
    header["descrip"], header["aux_file"], header["intent_name"] = CANARY, CANARY, CANARY
    if kind is nib.Nifti1Image:
        header["db_name"], header["data_type"] = CANARY, CANARY
    header.extensions.append(nib.nifti1.Nifti1Extension("comment", CANARY.encode()))
    header.set_slope_inter(2.0, 5.0)
    source, target = tmp_path / f"{CANARY}{ending}", tmp_path / f"new{ending}"
    data = image.to_bytes() + CANARY.encode()  # and something behind the voxels
    if ending.endswith(".gz"):
        packed = io.BytesIO()
        with gzip.GzipFile(f"{CANARY}.nii", "wb", 6, packed) as file:
            file.write(data)
        source.write_bytes(packed.getvalue())
    else:
        source.write_bytes(data)
    assert data.count(CANARY.encode()) >= 5
    strip_file(source, target)
    new = target.read_bytes()
    assert b"DOE" not in new and b"DOE" not in (gzip.decompress(new) if ending.endswith(".gz") else new)
    _same(source, target)


@pytest.mark.parametrize("ending", [".nrrd", ".mha"])
@pytest.mark.parametrize("compressed", [False, True])
def test_nrrd_and_metaimage(tmp_path: Path, voxels: np.ndarray, ending: str, compressed: bool) -> None:
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing((1.0, 2.0, 3.5))
    image.SetOrigin((-7.25, 1e-5, 3.0))
    image.SetMetaData("PatientName", CANARY)
    source, target = tmp_path / f"old{ending}", tmp_path / f"new{ending}"
    sitk.WriteImage(image, source, compressed)
    if ending == ".nrrd":
        head, mark, rest = source.read_bytes().partition(b"\n\n")
        source.write_bytes(head + b"\n# " + CANARY.encode() + b"\ncontent: " + CANARY.encode() + mark + rest)
    elif not compressed:  # the other name of the field
        source.write_bytes(source.read_bytes().replace(b"Offset = ", b"Origin = "))
        assert sitk.ReadImage(source).GetOrigin()[0] == -7.25
    assert CANARY.encode() in source.read_bytes()
    strip_file(source, target)
    assert b"DOE" not in target.read_bytes()
    _same(source, target)


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.nii", b"", "NII_TRUNC"),
        ("a.nii", b"\x5c\1\0\0" + bytes(400), "NOT_IMAGE"),
        ("a.nii.gz", gzip.compress(bytes(9), mtime=0)[:-9], "NII_TRUNC"),
        ("a.nii.gz", b"no gzip", "NII_TRUNC"),
        ("a.nrrd", b"NRRD0004\ndata file: DOE.raw\n\n", "NOT_IMAGE"),
        ("a.nrrd", b"something", "NII_TRUNC"),
        ("a.mha", b"NDims = 3\nElementDataFile = DOE.raw\n", "NOT_IMAGE"),
        ("a.mha", b"something", "NII_TRUNC"),
    ],
)
def test_what_is_damaged_or_not_whole_is_refused(tmp_path: Path, name: str, data: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Rejected) as caught:
        strip_file(tmp_path / name, tmp_path / "new")
    assert caught.value.code == code


@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd"])
def test_a_small_file_does_not_unpack_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setattr("features.privacy.file_headers.MAX_BYTES", 1000)
    sitk.WriteImage(sitk.Image(16, 16, 16, sitk.sitkInt16), tmp_path / f"bomb{ending}", True)
    with pytest.raises(Rejected) as caught:
        strip_file(tmp_path / f"bomb{ending}", tmp_path / "new")
    assert caught.value.code == "NII_TRUNC"


def test_a_place_that_cannot_be_written_stops_the_run(tmp_path: Path) -> None:
    sitk.WriteImage(sitk.Image(2, 2, 2, sitk.sitkInt16), tmp_path / "a.nrrd")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        strip_file(tmp_path / "a.nrrd", tmp_path / "file" / "new")
    with pytest.raises(Rejected):
        strip_file(tmp_path / "absent.nrrd", tmp_path / "new")
