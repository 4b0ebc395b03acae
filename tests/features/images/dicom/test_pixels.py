"""stored_planes: every transfer syntax that is read gives the same values; what cannot be decoded is refused before it is tried."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from features.core.quarantine import Rejected
from features.images.dicom import dataset as dataset_module
from features.images.dicom.codestream import codestream_matrix
from features.images.dicom.dataset import read_dataset
from features.images.dicom.frames import frames_of
from features.images.dicom.pixels import lossy_warnings, stored_planes, stored_values
from features.images.dicom.series import read_dicom_series
from tests.support.scans import image_series

SHIPPED = Path(pydicom.data.__file__).parent / "test_files"


@pytest.fixture
def one() -> Dataset:
    """A slice in memory."""
    return image_series(np.random.default_rng(0).integers(-900, 900, (1, 32, 32)))[0]


def planes(dataset: Dataset) -> np.ndarray:
    return np.array([plane.values for plane in stored_planes(frames_of(dataset))])


def encoded(dataset: Dataset, syntax: str, frame: bytes) -> Dataset:
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.PixelData = encapsulate([frame])
    return dataset


@pytest.mark.parametrize("name", ["RLE", "jp2klossless", "jpeg_ls_lossless", "bigendian", "expb", "implicit", "padded"])
def test_shipped_encodings_of_one_slice_are_equal(name: str) -> None:
    wanted = read_dicom_series([SHIPPED / "MR_small.dcm"])
    found = read_dicom_series([SHIPPED / f"MR_small_{name}.dcm"])
    np.testing.assert_array_equal(found.array, wanted.array)
    assert found.warnings == wanted.warnings == ()


@pytest.mark.parametrize(
    "syntax",
    [DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless, JPEG2000Lossless],
)
def test_every_syntax_gives_the_same_values(tmp_path: Path, one: Dataset, syntax: UID) -> None:
    wanted = planes(one)
    if syntax.is_compressed and syntax != DeflatedExplicitVRLittleEndian:
        one.compress(syntax)
    else:
        one.file_meta.TransferSyntaxUID = syntax
        if syntax == ExplicitVRBigEndian:
            one.PixelData = np.frombuffer(one.PixelData, "<i2").astype(">i2").tobytes()
            one["PixelData"].VR = "OW"
    one.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    np.testing.assert_array_equal(planes(read_dataset(tmp_path / "a.dcm")), wanted)


def test_lossless_jpeg_and_jpeg_of_12_bits_are_decoded(tmp_path: Path, one: Dataset) -> None:
    gdcm = pytest.importorskip("gdcm")
    one.save_as(tmp_path / "plain.dcm", enforce_file_format=True)
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(tmp_path / "plain.dcm"))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(tmp_path / "packed.dcm"))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    packed = read_dataset(tmp_path / "packed.dcm")
    assert packed.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.70"
    np.testing.assert_array_equal(planes(packed), planes(one))
    extended = read_dataset(SHIPPED / "JPGExtended.dcm")
    ((twelve, _),) = stored_values([extended]).values()
    assert (twelve.shape, int(twelve[0, 420, 140])) == ((1, 1024, 256), 244)  # as in pydicom's own tests


@pytest.mark.parametrize(
    ("name", "ratio"), [("JPGExtended", 76.0), ("JPEG2000", 2097.0), ("JPEGLSNearLossless_16", 5.88)]
)
def test_lossy_compression_is_told_with_its_ratio(name: str, ratio: float) -> None:
    (warned,) = lossy_warnings(read_dataset(SHIPPED / f"{name}.dcm"))
    assert (warned.code, warned.details["ratio"]) == ("LOSSY", ratio)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.92"])
def test_unknown_syntax_is_named(one: Dataset, syntax: str) -> None:
    with pytest.raises(Rejected) as caught:
        planes(encoded(one, syntax, b"\0" * 16))
    assert (caught.value.code, caught.value.details) == ("MISSING_DECODER", {"transfer_syntax": syntax})


def test_private_syntax_is_not_quoted(one: Dataset) -> None:
    with pytest.raises(Rejected) as caught:
        planes(encoded(one, "1.3.6.1.4.1.5962.99.1", b"\0" * 16))
    assert (caught.value.code, caught.value.details) == ("MISSING_DECODER", {"transfer_syntax": "private"})


def test_decoder_that_is_not_installed_is_named(one: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    from pydicom.pixels.decoders import HTJ2KLosslessDecoder

    monkeypatch.setattr(HTJ2KLosslessDecoder, "_available", {})
    with pytest.raises(Rejected) as caught:
        planes(encoded(one, HTJ2KLossless, b"\0" * 16))
    assert (caught.value.code, caught.value.details) == ("MISSING_DECODER", {"transfer_syntax": str(HTJ2KLossless)})


def test_frame_of_another_size_is_never_decoded(one: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    one.compress(JPEG2000Lossless)
    data = bytes(one.PixelData)
    at = data.index(b"\xff\x4f\xff\x51") + 8
    one.PixelData = data[:at] + (60_000).to_bytes(4, "big") * 2 + data[at + 8 :]
    monkeypatch.setattr("features.images.dicom.pixels.decoded", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(Rejected, match="DICOM_DECODE.*another size"):
        planes(one)


def test_size_of_jpeg_frames_is_read_from_their_own_headers() -> None:
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc3\x00\x0b\x08\x00\x10\x00\x20\x01\x01\x11\x00\xff\xda"
    assert codestream_matrix(jpeg) == (16, 32)
    assert codestream_matrix(jpeg[:8]) is None
    assert codestream_matrix(b"\xff\xd8\xff\xda") is None
    assert codestream_matrix(b"\x01\0\0\0") is None


def test_frames_that_would_fill_the_memory_are_refused(one: Dataset) -> None:
    one.Rows = one.Columns = 60_000
    with pytest.raises(Rejected, match="SEC_BOMB"):
        planes(encoded(one, RLELossless, b"\0" * 16))


def test_deflated_bomb_is_refused(tmp_path: Path, one: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_module, "BOMB_BYTES", 2**16)
    one.PixelData = bytes(2**21)
    one.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    one.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    for tags in (None, ["Modality"]):
        with pytest.raises(Rejected, match="SEC_BOMB"):
            read_dataset(tmp_path / "a.dcm", tags=tags)


def test_deflated_file_without_its_end_is_truncated(tmp_path: Path, one: Dataset) -> None:
    one.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    one.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    (tmp_path / "a.dcm").write_bytes((tmp_path / "a.dcm").read_bytes()[:-20])
    with pytest.raises(Rejected, match="DICOM_TRUNC"):
        read_dataset(tmp_path / "a.dcm")
