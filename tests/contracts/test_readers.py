"""Whatever a file holds, it is read or refused with a reason: nothing else is raised, nothing hangs or fills the memory.

Set RADWEAVE_FUZZ to the number of damaged files for each reader; the nightly run takes 10,000.
"""

from __future__ import annotations

import gzip
import os
import resource
import shutil
import signal
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import get_args

import numpy as np
import pydicom.data
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from features.core.case import CaseId, FileSet, Scan
from features.core.catalog.image_source import FileFormat
from features.core.kinds.mask import MASKS
from features.core.quarantine import REASONS, Rejected
from features.core.region import Volume
from features.images.dicom.series import read_dicom_series
from features.images.formats.volume import file_voxels, read_volume
from features.images.masks.mask import read_mask
from features.images.reading import Reading
from tests.support.scans import save_nifti, save_rtstruct, save_seg, save_series, square

MASK_FORMS = [one for one in MASKS.modules if MASKS.load(one).files == "dicom"]
ROUNDS = int(os.environ.get("RADWEAVE_FUZZ", "60"))
SECONDS = 60
GIB = 2**20  # in the KiB that the system counts memory in
SHIPPED = Path(pydicom.data.__file__).parent
FILES = sorted(path for path in SHIPPED.rglob("*") if path.is_file() and path.suffix != ".pyc")
SOME = ("CT_small", "MR_small_RLE", "MR_truncated", "badVR", "no_meta", "rtplan_truncated", "image_dfl", "JPEG-lossy")
INTERESTING = (b"\0", b"\xff", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f", b"\x80\0\0\0", b"\\", b"nan", b"-1", b"1e308")


class Hung(BaseException):
    """Readers that catch every Exception do not catch this."""


@contextmanager
def attempt() -> Iterator[None]:
    """Fails if the body takes over a minute, or adds two GiB to what this process has ever held."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise Hung

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2 * GIB


def outcome(read: Callable[[], object]) -> str:
    """The code of a refusal, empty if it was read."""
    code = ""
    with attempt():
        try:
            read()
        except Rejected as rejected:
            code = rejected.code
    assert code in ("", *REASONS)
    return code


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """One to four random damages: bytes changed, cut out, repeated, moved or added, or the end cut off."""
    found = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(len(found) or 1) if rng.random() < 0.3 else rng.integers(min(len(found), 2048) or 1))
        length = int(rng.integers(1, 64))
        piece = bytes(found[at : at + length])
        match int(rng.integers(6)):
            case 0:
                found[at : at + 1] = bytes([int(rng.integers(256))])
            case 1:
                word = INTERESTING[int(rng.integers(len(INTERESTING)))]
                found[at : at + len(word)] = word
            case 2:
                del found[at : at + length]
            case 3:
                found[at:at] = piece * int(rng.integers(1, 5))
            case 4:
                to = int(rng.integers(len(found) or 1))
                found[to : to + length] = piece
            case _:
                if rng.random() < 0.3:
                    del found[at:]
    return bytes(found)


def fuzz(seeds: list[Path], folder: Path, read: Callable[[Path], object]) -> None:
    """Every seed is read; damaged copies of them are read or refused, each as its number says."""
    for seed in seeds:
        assert outcome(lambda seed=seed: read(seed)) == ""
    wholes = [seed.read_bytes() for seed in seeds]
    for number in range(ROUNDS):
        rng, k = np.random.default_rng(number), number % len(seeds)
        path = folder / f"damaged-{k}{''.join(seeds[k].suffixes)}"
        data = wholes[k]
        if path.suffix == ".gz" and number % 2:
            data = gzip.compress(damaged(gzip.decompress(data), rng), 1)
        elif path.suffix == ".deflated" and number % 2:
            start = 144 + int.from_bytes(data[140:144], "little")
            packing = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
            plain = damaged(zlib.decompress(data[start:], -zlib.MAX_WBITS), rng)
            data = data[:start] + packing.compress(plain) + packing.flush()
        else:
            data = damaged(data, rng)
        path.write_bytes(data)
        try:
            outcome(lambda path=path: read(path))
        except BaseException as error:
            error.add_note(f"damage number {number} of {seeds[k].name}")
            raise


def _read_series(path: Path) -> Volume:
    return read_dicom_series([path], per_voxel=1)


def _read_file(path: Path) -> Volume:
    file_voxels(path)
    return read_volume(path)


@pytest.mark.parametrize("name", SOME)
def test_some_shipped_files_are_read_or_refused(name: str) -> None:
    outcome(lambda: _read_series(SHIPPED / "test_files" / f"{name}.dcm"))


@pytest.mark.slow
def test_every_shipped_file_is_read_or_refused() -> None:
    codes = [outcome(lambda path=path: _read_series(path)) for path in FILES]
    assert codes.count("") > 30
    assert {"PHI_BURNED", "DICOM_TRUNC", "DICOM_NO_IPP", "DICOM_SHORT_PIXELS", "DICOM_BAD_VR", "UNREADABLE"} <= set(
        codes
    )


@pytest.mark.slow
def test_damaged_dicom_images_are_read_or_refused(tmp_path: Path) -> None:
    def deflate(series: list[pydicom.Dataset]) -> None:
        series[0].file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    values = np.random.default_rng(0).integers(-900, 900, (1, 16, 16))
    plain, packed = save_series(tmp_path / "a", values)[0], save_series(tmp_path / "b", values, edit=deflate)[0]
    packed = [packed[0].rename(tmp_path / "image.deflated")]
    kinds = ("", "_RLE", "_jp2klossless", "_jpeg_ls_lossless", "_bigendian", "_implicit")
    shipped = [SHIPPED / "test_files" / f"MR_small{kind}.dcm" for kind in kinds]
    fuzz([*plain, *packed, *shipped], tmp_path, _read_series)


@pytest.mark.slow
@pytest.mark.parametrize("form", MASK_FORMS)
def test_damaged_masks_are_read_or_refused(tmp_path: Path, form: str) -> None:
    values = np.random.default_rng(0).integers(-900, 900, (4, 16, 16))
    paths, series = save_series(tmp_path / "image", values, spacing=(1.0, 1.0, 2.5))
    image = read_dicom_series(paths)
    if form == "rtstruct":
        contours = [square(-5, -5, 3, 3, 2.5 * k) for k in range(4)]
        seed = save_rtstruct(tmp_path / "mask", series, [("GTV", contours), ("cord", contours[:1])])
    else:
        assert form == "seg"
        masks = np.zeros((2, 4, 16, 16), bool)
        masks[0, 1:3, 4:9, 4:9] = masks[1, 2, 2:4, 2:4] = True
        seed = save_seg(tmp_path / "mask", series, masks, ["GTV", "cord"])

    def read(path: Path) -> Volume:
        files = FileSet("dicom", tuple(paths), "0"), FileSet(form, (path,), "0")
        return read_mask(Scan(CaseId("c", "p"), "A", "CT", "HU", *files, "GTV"), image, Reading())

    fuzz([seed], tmp_path, read)


@pytest.mark.slow
@pytest.mark.parametrize("form", get_args(FileFormat))
def test_damaged_files_are_read_or_refused(tmp_path: Path, form: str) -> None:
    import SimpleITK as sitk

    array = np.random.default_rng(0).integers(0, 900, (5, 6, 7)).astype(np.int16)
    if form == "nifti":
        seeds = [save_nifti(tmp_path / "a.nii", array), save_nifti(tmp_path / "b.nii.gz", array), tmp_path / "c.hdr"]
        sitk.WriteImage(sitk.GetImageFromArray(array), str(seeds[2]))
        shutil.copy(tmp_path / "c.img", tmp_path / "damaged-2.img")
    else:
        seeds = [tmp_path / f"a.{form}", tmp_path / f"b.{form}"]
        for seed, packed in zip(seeds, (True, False), strict=True):
            sitk.WriteImage(sitk.GetImageFromArray(array), str(seed), packed)
    fuzz(seeds, tmp_path, _read_file)
