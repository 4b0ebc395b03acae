"""read_dicom_series: geometry as SimpleITK on good series, and a code for each fault that SimpleITK lets through."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, RLELossless, generate_uid

from features.core.quarantine import Rejected
from features.images.dicom import frame_of_reference, read_dicom_series

OBLIQUE = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)


@pytest.mark.parametrize("orientation", [(1, 0, 0, 0, 1, 0), (-1, 0, 0, 0, -1, 0), OBLIQUE])
def test_good_series_equals_simpleitk(tmp_path: Path, save_series: Callable, orientation: tuple[float, ...]) -> None:
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


def test_facts_hold_no_uids_and_the_frame_is_read_apart(tmp_path: Path, save_series: Callable) -> None:
    paths, series = save_series(tmp_path)
    assert not any(str(value).startswith("1.2") for value in read_dicom_series(paths).facts.values())
    assert frame_of_reference(paths[0]) == series[0].FrameOfReferenceUID


def test_pet_is_rescaled_slice_by_slice(tmp_path: Path, save_series: Callable) -> None:
    def scale(series: list[Dataset]) -> None:
        for k, ds in enumerate(series):
            ds.RescaleSlope = 0.5 + k

    stored = np.full((4, 16, 16), 10.0)
    paths, _ = save_series(tmp_path, stored, modality="PT", intercept=0.0, edit=scale)
    volume = read_dicom_series(paths)
    assert volume.array.dtype == np.float32
    np.testing.assert_allclose(volume.array[:, 0, 0], [5, 15, 25, 35])


def test_mr_needs_no_rescale_and_tells_its_times(tmp_path: Path, save_series: Callable) -> None:
    def edit(series: list[Dataset]) -> None:
        for ds in series:
            del ds.RescaleSlope, ds.RescaleIntercept
            ds.RepetitionTime, ds.EchoTime = "500", "12"

    paths, _ = save_series(tmp_path, np.full((4, 16, 16), 7.0), modality="MR", intercept=0.0, edit=edit)
    volume = read_dicom_series(paths)
    assert volume.array.max() == 7
    assert (volume.facts["RepetitionTime"], volume.facts["EchoTime"]) == (500.0, 12.0)


def test_broken_rescale_gives_float(tmp_path: Path, save_series: Callable) -> None:
    paths, _ = save_series(tmp_path, slope=0.5)
    assert read_dicom_series(paths).array.dtype == np.float32


def test_rle_is_decoded(tmp_path: Path, save_series: Callable) -> None:
    paths, _ = save_series(tmp_path / "plain")
    packed, _ = save_series(tmp_path / "rle", edit=lambda s: [ds.compress(RLELossless) for ds in s])
    np.testing.assert_array_equal(read_dicom_series(packed).array, read_dicom_series(paths).array)


def test_file_without_preamble_is_read(tmp_path: Path, save_series: Callable) -> None:
    paths, _ = save_series(tmp_path)
    wanted = read_dicom_series(paths).array
    for path in paths:
        data = path.read_bytes()
        path.write_bytes(data[data.index(b"\x08\x00\x08\x00CS") :])
    np.testing.assert_array_equal(read_dicom_series(paths).array, wanted)


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


def _shift_sideways(series: list[Dataset]) -> None:
    x, y, z = series[4].ImagePositionPatient
    series[4].ImagePositionPatient = [x + 3, y, z]


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        ("DICOM_MISSING_SLICE", lambda s: s.pop(3)),
        ("DICOM_MISSING_SLICE", lambda s: [s.pop(3), s.pop(3)]),
        ("DICOM_DUP_SLICE", _duplicate),
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
        ("DICOM_MULTIFRAME", _each(NumberOfFrames=2)),
        ("DICOM_DECODE", _each(SamplesPerPixel=3)),
        ("DICOM_TRUNC", _delete("PixelData")),
        ("HU_RANGE", _each(RescaleIntercept=5000)),
        ("HU_RANGE", _each(RescaleIntercept=-3000)),
        ("HU_RANGE", _each(PixelRepresentation=0, RescaleIntercept=0)),
    ],
)
def test_faulty_series_is_rejected(tmp_path: Path, save_series: Callable, code: str, edit: Callable) -> None:
    values = np.random.default_rng(1).integers(-900, 900, (8, 16, 16))
    intercept = 0.0 if code == "HU_RANGE" else -1024.0
    paths, _ = save_series(tmp_path, values, intercept=intercept, edit=edit)
    with pytest.raises(Rejected) as caught:
        read_dicom_series(paths)
    assert caught.value.code == code


def test_half_a_file_is_truncated(tmp_path: Path, save_series: Callable) -> None:
    paths, _ = save_series(tmp_path)
    paths[2].write_bytes(paths[2].read_bytes()[:-100])
    with pytest.raises(Rejected) as caught:
        read_dicom_series(paths)
    assert caught.value.code in ("DICOM_TRUNC", "DICOM_SHORT_PIXELS")
    paths[2].write_bytes(paths[2].read_bytes()[:700])
    with pytest.raises(Rejected, match="DICOM_TRUNC"):
        read_dicom_series(paths)


def test_damaged_compression_is_rejected(tmp_path: Path, save_series: Callable) -> None:
    def damage(series: list[Dataset]) -> None:
        for ds in series:
            ds.compress(RLELossless)
            ds.file_meta.TransferSyntaxUID = JPEG2000Lossless  # which these bytes are not

    paths, _ = save_series(tmp_path, edit=damage)
    with pytest.raises(Rejected, match="DICOM_DECODE"):
        read_dicom_series(paths)


@pytest.mark.parametrize("tag", [True, False])
def test_padding_is_no_fault(tmp_path: Path, save_series: Callable, tag: bool) -> None:
    values = np.random.default_rng(1).integers(-900, 900, (8, 16, 16))
    values[:, :3], values[:, -3:] = -3024, -3024
    paths, _ = save_series(tmp_path, values, edit=_each(PixelPaddingValue=-2000) if tag else list)
    assert read_dicom_series(paths).array.min() == -3024


def test_single_slice_takes_its_thickness(tmp_path: Path, save_series: Callable) -> None:
    paths, _ = save_series(tmp_path, np.zeros((1, 16, 16)) + np.arange(16))
    assert read_dicom_series(paths).spacing_mm == (1.0, 1.0, 2.5)
