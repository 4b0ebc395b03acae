"""read_dicom_series: geometry as SimpleITK on good series, and a code for each fault that SimpleITK lets through."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.tag import Tag
from pydicom.uid import JPEG2000Lossless, RLELossless, generate_uid

from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.dicom.frames import frames_of
from features.images.dicom.series import read_dicom_series
from features.images.dicom.stack import end_warnings
from tests.support.scans import image_series, save_series

OBLIQUE = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), (-1, 0, 0, 0, -1, 0), OBLIQUE])
def test_good_series_equals_simpleitk(tmp_path: Path, orientation: tuple[float, ...]) -> None:
    paths, _ = save_series(tmp_path, orientation=orientation, spacing=(0.7, 0.9, 2.5), origin=(3.0, -5.0, 7.0))
    volume = read_dicom_series(list(reversed(paths)))
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))
    wanted = reader.Execute()
    np.testing.assert_allclose(volume.spacing_mm, wanted.GetSpacing(), atol=1e-6)
    np.testing.assert_allclose(volume.origin_mm, wanted.GetOrigin(), atol=1e-6)
    np.testing.assert_allclose(volume.direction, wanted.GetDirection(), atol=1e-6)
    np.testing.assert_array_equal(volume.array, sitk.GetArrayFromImage(wanted))
    assert volume.array.dtype == np.int16
    assert volume.facts == {"Manufacturer": "SYNTH", "ConvolutionKernel": "B30f", "SliceThickness": 2.5, "KVP": 120.0}


def test_facts_hold_no_uids_and_the_frame_is_read_apart(tmp_path: Path) -> None:
    paths, series = save_series(tmp_path)
    assert not any(str(value).startswith("1.2") for value in read_dicom_series(paths).facts.values())
    assert read_dicom_series(paths).frame == series[0].FrameOfReferenceUID


def test_pet_is_rescaled_slice_by_slice(tmp_path: Path) -> None:
    def scale(series: list[Dataset]) -> None:
        for k, ds in enumerate(series):
            ds.RescaleSlope = 0.5 + k

    stored = np.full((4, 16, 16), 10.0)
    paths, _ = save_series(tmp_path, stored, modality="PT", intercept=0.0, edit=scale)
    volume = read_dicom_series(paths)
    assert volume.array.dtype == np.float32
    np.testing.assert_allclose(volume.array[:, 0, 0], [5, 15, 25, 35])


def test_mr_needs_no_rescale_and_tells_its_times(tmp_path: Path) -> None:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            del ds.RescaleSlope, ds.RescaleIntercept
            ds.RepetitionTime, ds.EchoTime = "500", "12"

    paths, _ = save_series(tmp_path, np.full((4, 16, 16), 7.0), modality="MR", intercept=0.0, edit=edit)
    volume = read_dicom_series(paths)
    assert volume.array.max() == 7
    assert (volume.facts["RepetitionTime"], volume.facts["EchoTime"]) == (500.0, 12.0)


def test_broken_rescale_gives_float(tmp_path: Path) -> None:
    paths, _ = save_series(tmp_path, slope=0.5)
    assert read_dicom_series(paths).array.dtype == np.float32


def test_file_without_preamble_is_read(tmp_path: Path) -> None:
    paths, _ = save_series(tmp_path)
    wanted = read_dicom_series(paths).array
    for path in paths:
        data = path.read_bytes()
        path.write_bytes(data[data.index(b"\x08\x00\x08\x00CS") :])
    found = read_dicom_series(paths)
    np.testing.assert_array_equal(found.array, wanted)
    assert found.warnings == (Warned("DICOM_NO_PREAMBLE", details={"files": 8}),)


def _each(**values: object) -> Callable[[list[Dataset]], None]:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            for keyword, value in values.items():
                setattr(ds, keyword, value)

    return edit


def _one(**values: object) -> Callable[[list[Dataset]], None]:
    return lambda series: _each(**values)(series[4:5])


def _move(k: int, dz: float) -> Callable[[list[Dataset]], None]:
    def edit(series: list[Dataset]) -> None:
        x, y, z = series[k].ImagePositionPatient
        series[k].ImagePositionPatient = [x, y, z + dz]

    return edit


def _duplicate(series: list[Dataset]) -> None:
    twin = copy.deepcopy(series[3])
    twin.SOPInstanceUID = twin.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    series.append(twin)


def _tilt(series: list[Dataset]) -> None:
    _each(ImageOrientationPatient=[1, 0, 0, 0, 0.985, 0.1725])(series)


def _delete(*keywords: str) -> Callable[[list[Dataset]], None]:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            for keyword in keywords:
                delattr(ds, keyword)

    return edit


def _replace(ds: Dataset, **values: object) -> None:
    for keyword, value in values.items():
        setattr(ds, keyword, value)


def _raw(**values: bytes) -> Callable[[list[Dataset]], None]:
    """Bytes that pydicom would not write."""

    def edit(series: list[Dataset]) -> None:
        for keyword, value in values.items():
            tag = Tag(keyword)
            for ds in series:
                ds[tag] = RawDataElement(tag, "DS", len(value), value, 0, False, True)

    return edit


def _encoded(syntax: str) -> Callable[[list[Dataset]], None]:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            ds.file_meta.TransferSyntaxUID = syntax
            ds.PixelData = encapsulate([b"\0" * 16])
            ds["PixelData"].is_undefined_length = True

    return edit


def _shift_sideways(series: list[Dataset]) -> None:
    x, y, z = series[4].ImagePositionPatient
    series[4].ImagePositionPatient = [x + 3, y, z]


def _lossy(series: list[Dataset]) -> None:
    _each(LossyImageCompression="01", LossyImageCompressionRatio=10.5)(series)


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        ("DICOM_MISSING_SLICE", lambda s: s.pop(3)),
        ("DICOM_MISSING_SLICE", lambda s: [s.pop(3), s.pop(3)]),
        ("DICOM_DUP_SLICE", lambda s: [_duplicate(s), _replace(s[-1], PixelData=s[0].PixelData)]),
        (
            "DICOM_MIXED_PHASES",
            lambda s: [_duplicate(s), _replace(s[-1], PixelData=s[0].PixelData, AcquisitionNumber=2)],
        ),
        ("DICOM_NONUNIFORM", _move(5, 0.6)),
        ("DICOM_NONUNIFORM", _shift_sideways),
        ("DICOM_GANTRY_TILT", _tilt),
        ("DICOM_NO_IPP", _delete("ImagePositionPatient")),
        ("DICOM_NO_IPP", _delete("ImageOrientationPatient")),
        ("DICOM_NO_IPP", _delete("PixelSpacing")),
        ("DICOM_NO_IPP", _each(ImageOrientationPatient=[1, 0, 0, 1, 0, 0])),
        ("DICOM_MIXED_MATRIX", _one(Rows=8)),
        ("DICOM_MIXED_MATRIX", _one(PixelSpacing=[1.0, 1.1])),
        ("DICOM_MIXED_MATRIX", _one(ImageOrientationPatient=[0, 1, 0, 1, 0, 0])),
        ("DICOM_NO_RESCALE", _delete("RescaleSlope", "RescaleIntercept")),
        ("DICOM_MIXED_RESCALE", _one(RescaleIntercept=0)),
        ("DICOM_SHORT_PIXELS", _one(PixelData=b"\0" * 100)),
        ("DICOM_NO_IPP", _each(NumberOfFrames=2)),
        ("DICOM_BAD_VR", _raw(PixelSpacing=b"1,5\\1,5 ")),
        ("DICOM_BAD_VR", _raw(RescaleSlope=b"1_0 ")),
        ("DICOM_RGB", _each(SamplesPerPixel=3)),
        ("DICOM_RGB", _each(PhotometricInterpretation="PALETTE COLOR")),
        ("DICOM_DECODE", _each(BitsAllocated=12)),
        ("MISSING_DECODER", _encoded("1.2.840.10008.1.2.4.100")),
        ("DICOM_MISSING_SLICE", lambda s: [_tilt(s), s.pop(3)]),
        ("DICOM_TRUNC", _delete("PixelData")),
        ("HU_RANGE", _each(RescaleIntercept=5000)),
        ("HU_RANGE", _each(RescaleIntercept=-3000)),
        ("HU_RANGE", _each(PixelRepresentation=0, RescaleIntercept=0)),
    ],
)
def test_faulty_series_is_rejected(tmp_path: Path, code: str, edit: Callable) -> None:
    values = np.random.default_rng(1).integers(-900, 900, (8, 16, 16))
    intercept = 0.0 if code == "HU_RANGE" else -1024.0
    paths, _ = save_series(tmp_path, values, intercept=intercept, edit=edit)
    with pytest.raises(Rejected) as caught:
        read_dicom_series(paths)
    assert caught.value.code == code


def test_gaps_are_named(tmp_path: Path) -> None:
    paths, _ = save_series(tmp_path, edit=lambda s: [s.pop(5), s.pop(2), s.pop(2)])
    with pytest.raises(Rejected) as caught:
        read_dicom_series(paths)
    assert caught.value.details == {"slices_missing": 3, "after_slice": 2, "gaps_mm": "2.50 to 10.00; 10.00 to 15.00"}


def _codes(volume: Volume) -> dict[str, dict[str, float | int | str]]:
    return {warned.code: warned.details for warned in volume.warnings}


@pytest.mark.parametrize(
    ("told", "acquisitions", "expected_slices"),
    [
        ([4, 4, 4, 4], [1, 1, 1, 1], 0),
        ([3, 3, 3, 3], [1, 1, 1, 1], 0),  # some are of another acquisition that has no number
        ([0, 0, 0, 0], [1, 1, 1, 1], 0),
        ([8, 8, 8, 8], [1, 1, 1, 1], 0),  # two echoes, or two series of one acquisition
        ([5, 5, 5, None], [1, 1, 1, 1], 0),
        ([5, 6, 5, 6], [1, 1, 1, 1], 0),
        ([4, 4, 4, 4], [1, 2, 3, 4], 0),  # of the series, though each slice is an acquisition
        ([1, 1, 3, 3], [1, 1, 2, 2], 0),
        ([6, 6, 6, 6], [1, 1, 2, 2], 6),
        ([2, 2, 3, 3], [1, 1, 2, 2], 5),
        ([90, 90, 90, 90], [1, 1, 1, 1], 90),
    ],
)
def test_fewer_slices_than_were_acquired_are_told_unless_the_number_has_another_reason(
    told: list[int | None], acquisitions: list[int], expected_slices: int
) -> None:
    series = image_series(np.zeros((4, 8, 8)))
    for ds, count, acquisition in zip(series, told, acquisitions, strict=True):
        ds.AcquisitionNumber = acquisition
        if count is not None:
            ds.ImagesInAcquisition = count
    found = end_warnings([frame for ds in series for frame in frames_of(ds)])
    assert [one.details for one in found] == (
        [{"slices": 4, "expected_slices": expected_slices}] if expected_slices else []
    )


@pytest.mark.parametrize(
    ("code", "details", "edit"),
    [
        ("DICOM_THICKNESS", {"thickness_mm": 5.0, "step_mm": 2.5}, _each(SliceThickness=5)),
        ("DICOM_FEWER_SLICES", {"slices": 4, "expected_slices": 5}, _each(ImagesInAcquisition=5)),
        ("DICOM_LATERALITY", {"position": "FFP"}, _each(PatientPosition="FFP")),
        ("DICOM_MONOCHROME1", {"inverted": 0}, _each(PhotometricInterpretation="MONOCHROME1")),
        ("DICOM_DUP_DROPPED", {"files": 1}, _duplicate),
        ("LOSSY", {"ratio": 10.5, "transfer_syntax": "1.2.840.10008.1.2.1"}, _lossy),
    ],
)
def test_doubtful_series_is_read_as_it_is_and_warned_of(
    tmp_path: Path, code: str, details: dict[str, object], edit: Callable
) -> None:
    values = np.random.default_rng(0).integers(-900, 900, (4, 8, 8))
    wanted = read_dicom_series(save_series(tmp_path / "good", values)[0])
    found = read_dicom_series(save_series(tmp_path / "doubtful", values, edit=edit)[0])
    assert _codes(found) == {code: details}
    assert wanted.warnings == ()
    np.testing.assert_array_equal(found.array, wanted.array)
    assert found.matches(wanted)


@pytest.mark.parametrize("position", ["HFS", "DOE JOHN"])
def test_position_of_the_patient_is_never_quoted(tmp_path: Path, position: str) -> None:
    paths, _ = save_series(tmp_path, np.ones((2, 8, 8)), edit=_each(PatientPosition=position))
    assert read_dicom_series(paths).warnings == ()


def _xray(**values: object) -> Callable[[list[Dataset]], None]:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "FrameOfReferenceUID"):
                delattr(ds, keyword)
        _each(BitsStored=12, HighBit=11, PixelRepresentation=0, **values)(series)

    return edit


def test_xray_is_one_slice_at_the_detector(tmp_path: Path) -> None:
    values = np.arange(256.0).reshape(1, 16, 16)
    edit = _xray(ImagerPixelSpacing=[0.2, 0.1], PhotometricInterpretation="MONOCHROME1")
    volume = read_dicom_series(save_series(tmp_path / "a", values, modality="DX", intercept=0.0, edit=edit)[0])
    assert (volume.spacing_mm, volume.origin_mm) == ((0.1, 0.2, 1.0), (0.0, 0.0, 0.0))
    assert _codes(volume) == {"DICOM_DETECTOR": {}, "DICOM_MONOCHROME1": {"inverted": 1}}
    np.testing.assert_array_equal(volume.array, 4095 - values)
    edit = _xray(ImagerPixelSpacing=[0.2, 0.1], PixelSpacing=[0.15, 0.15])
    calibrated = read_dicom_series(save_series(tmp_path / "b", values, modality="DX", intercept=0.0, edit=edit)[0])
    assert (calibrated.spacing_mm, calibrated.warnings) == ((0.15, 0.15, 1.0), ())


def test_xray_without_spacing_is_rejected(tmp_path: Path) -> None:
    paths, _ = save_series(tmp_path, np.ones((1, 16, 16)), modality="CR", intercept=0.0, edit=_xray())
    with pytest.raises(Rejected, match="DICOM_NO_IPP"):
        read_dicom_series(paths)


@pytest.mark.parametrize("bits", [(12, 0), (12, 1), (16, 0)])
def test_unused_bits_are_ignored(tmp_path: Path, bits: tuple[int, int]) -> None:
    stored, signed = bits
    values = np.random.default_rng(0).integers(-200 * signed, 1500, (2, 8, 8))

    def overlay(series: list[Dataset]) -> None:
        _each(BitsStored=stored, HighBit=stored - 1, PixelRepresentation=signed)(series)
        for ds in series:
            plane = np.frombuffer(ds.PixelData, "<u2")
            ds.PixelData = (plane & 0x0FFF | 0x4000 if stored == 12 else plane).tobytes()

    volume = read_dicom_series(save_series(tmp_path, values, intercept=0.0, edit=overlay)[0])
    np.testing.assert_array_equal(volume.array, values)


def test_nested_sequences_do_no_harm(tmp_path: Path) -> None:
    paths, _ = save_series(tmp_path)
    data = paths[0].read_bytes()
    nest = b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    at = data.index(b"\x08\x00\x60\x00CS")
    paths[0].write_bytes(data[:at] + nest * 100_000 + data[at:])
    with pytest.raises(Rejected, match="DICOM_TRUNC"):
        read_dicom_series(paths)


def test_half_a_file_is_truncated(tmp_path: Path) -> None:
    paths, _ = save_series(tmp_path)
    paths[2].write_bytes(paths[2].read_bytes()[:-100])
    with pytest.raises(Rejected) as caught:
        read_dicom_series(paths)
    assert caught.value.code in ("DICOM_TRUNC", "DICOM_SHORT_PIXELS")
    paths[2].write_bytes(paths[2].read_bytes()[:700])
    with pytest.raises(Rejected, match="DICOM_TRUNC"):
        read_dicom_series(paths)


def test_damaged_compression_is_rejected(tmp_path: Path) -> None:
    def damage(series: list[Dataset]) -> None:
        for ds in series:
            ds.compress(RLELossless)
            ds.file_meta.TransferSyntaxUID = JPEG2000Lossless  # which these bytes are not

    paths, _ = save_series(tmp_path, edit=damage)
    with pytest.raises(Rejected, match="DICOM_DECODE"):
        read_dicom_series(paths)


@pytest.mark.parametrize("tag", [True, False])
def test_padding_is_no_fault(tmp_path: Path, tag: bool) -> None:
    values = np.random.default_rng(1).integers(-900, 900, (8, 16, 16))
    values[:, :3], values[:, -3:] = -3024, -3024
    paths, _ = save_series(tmp_path, values, edit=_each(PixelPaddingValue=-2000) if tag else list)
    assert read_dicom_series(paths).array.min() == -3024


def test_single_slice_takes_its_thickness(tmp_path: Path) -> None:
    paths, _ = save_series(tmp_path, np.zeros((1, 16, 16)) + np.arange(16))
    assert read_dicom_series(paths).spacing_mm == (1.0, 1.0, 2.5)
