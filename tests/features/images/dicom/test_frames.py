"""Enhanced files: each frame has the geometry, rescale and echo of its functional groups, wherever they stand."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from features.core.memory import TooLarge, limit_memory
from features.core.quarantine import Rejected
from features.images.dicom.series import read_dicom_series
from tests.support.enhanced import enhanced, item
from tests.support.scans import image_series, save_series

VALUES = np.random.default_rng(0).integers(-900, 900, (4, 8, 8))


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def write(ds: Dataset, name: str = "enhanced.dcm") -> Path:
        ds.save_as(tmp_path / name, enforce_file_format=True)
        return tmp_path / name

    return write


def refusal(path: Path) -> Rejected:
    with pytest.raises(Rejected) as caught:
        read_dicom_series([path])
    return caught.value


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
def test_enhanced_file_equals_its_slices(tmp_path: Path, save: Callable, modality: str, shared: bool) -> None:
    def scale(series: list[Dataset]) -> None:
        for k, ds in enumerate(series):
            ds.RescaleSlope = 1 if modality == "CT" else 1 + k

    knobs = {"modality": modality, "spacing": (0.7, 0.9, 2.5), "orientation": (0.8, 0.6, 0, 0, 0, -1)}
    paths, series = save_series(tmp_path / "classic", VALUES, edit=scale, **knobs)
    wanted = read_dicom_series(paths)
    mixed = [series[k] for k in (3, 0, 2, 1)]
    path = save(enhanced(mixed, shared=shared))
    found = read_dicom_series([path])
    np.testing.assert_array_equal(found.array, wanted.array)
    assert found.matches(wanted, tolerance=1e-9)
    assert (found.array.dtype, found.warnings) == (wanted.array.dtype, ())
    assert found.facts == wanted.facts


def test_files_of_several_frames_are_one_volume(tmp_path: Path, save: Callable) -> None:
    paths, series = save_series(tmp_path / "classic", VALUES)
    parts = [save(enhanced(series[:3]), "a.dcm"), save(enhanced(series[3:]), "b.dcm")]
    np.testing.assert_array_equal(read_dicom_series(parts).array, read_dicom_series(paths).array)


@pytest.mark.parametrize("form", ["classic", "one", "two"])
def test_memory_is_claimed_by_what_headers_promise(tmp_path: Path, save: Callable, form: str) -> None:
    paths, series = save_series(tmp_path / "classic", VALUES)
    if form != "classic":
        cut = len(series) if form == "one" else 3
        paths = [save(enhanced(part), f"{len(part)}.dcm") for part in (series[:cut], series[cut:]) if part]

    def read(limit: int) -> int:
        limited = copy_context()
        limited.run(limit_memory, limit)
        return limited.run(read_dicom_series, paths, per_voxel=16).array.size

    assert read(16 * VALUES.size) == VALUES.size
    with pytest.raises(TooLarge):
        read(16 * VALUES.size - 1)


@pytest.mark.slow
def test_legacy_converted_file_equals_its_slices(tmp_path: Path) -> None:
    from highdicom.legacy import LegacyConvertedEnhancedCTImage
    from pydicom.uid import generate_uid

    def fill(series: list[Dataset]) -> None:
        for ds in series:
            for keyword in ("PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID", "AccessionNumber"):
                setattr(ds, keyword, "")
            ds.ReferringPhysicianName, ds.AcquisitionNumber, ds.ManufacturerModelName = "", 1, "X"

    paths, series = save_series(tmp_path / "classic", VALUES, edit=fill)
    file = LegacyConvertedEnhancedCTImage(series, generate_uid(), 1, generate_uid(), 1)
    file.save_as(tmp_path / "legacy.dcm")
    found, wanted = read_dicom_series([tmp_path / "legacy.dcm"]), read_dicom_series(paths)
    np.testing.assert_array_equal(found.array, wanted.array)
    assert found.matches(wanted)


def test_facts_stand_in_functional_groups(save: Callable) -> None:
    ds = enhanced(image_series(VALUES, modality="MR"), shared=True)
    ds.SharedFunctionalGroupsSequence[0].MRTimingAndRelatedParametersSequence = item(
        RepetitionTime=500.0, FlipAngle=9.0
    )
    for groups in ds.PerFrameFunctionalGroupsSequence:
        groups.MREchoSequence = item(EffectiveEchoTime=12.0)
    facts = read_dicom_series([save(ds)]).facts
    assert (facts["RepetitionTime"], facts["FlipAngle"], facts["EchoTime"]) == (500.0, 9.0, 12.0)


@pytest.mark.parametrize("place", ["", "PerFrame", "Shared"])
def test_padding_of_frames_is_judged_by_stored_values_wherever_it_is_told(save: Callable, place: str) -> None:
    stored = VALUES.copy()
    stored[:, :2] = -2000
    series = image_series(stored, modality="MR", intercept=0.0)
    for k, one in enumerate(series):
        one.RescaleSlope = k + 1.0
    ds = enhanced(series)
    told = item(PixelPaddingValue=-2000)
    told[0]["PixelPaddingValue"].VR = "SS"
    if not place:
        ds.PixelPaddingValue = -2000
    elif place == "Shared":
        ds.SharedFunctionalGroupsSequence[0].UnassignedSharedConvertedAttributesSequence = told
    else:
        for groups in ds.PerFrameFunctionalGroupsSequence[:2]:
            groups.UnassignedPerFrameConvertedAttributesSequence = told
    found = read_dicom_series([save(ds)])
    assert found.padding is not None
    wanted = stored == -2000
    wanted[2:] &= place != "PerFrame"
    np.testing.assert_array_equal(found.padding, wanted)
    assert found.intensities.min() >= (-900 * 4 if place != "PerFrame" else -8000)


@pytest.mark.parametrize(("shift", "code"), [(0.05, "DICOM_OFF_GRID"), (0.3, "DICOM_NONUNIFORM")])
def test_frames_are_held_to_the_regular_grid(save: Callable, shift: float, code: str) -> None:
    series = image_series(VALUES)
    x, y, z = series[2].ImagePositionPatient
    series[2].ImagePositionPatient = [x, y, z + shift]
    path = save(enhanced(series))
    if code == "DICOM_NONUNIFORM":
        assert refusal(path).code == code
    else:
        assert [one.code for one in read_dicom_series([path]).warnings] == [code]


def test_floating_point_pixels_are_refused_as_such(save: Callable) -> None:
    ds = image_series(VALUES[:1])[0]
    del ds.PixelData
    ds.FloatPixelData = VALUES[0].astype("<f4").tobytes()
    assert (refusal(save(ds)).code, "floating" in refusal(save(ds)).message) == ("DICOM_DECODE", True)


def test_two_echoes_in_one_file_are_refused(save: Callable) -> None:
    series = image_series(VALUES, modality="MR")
    ds = enhanced([*series, *series])
    for k, groups in enumerate(ds.PerFrameFunctionalGroupsSequence):
        groups.MREchoSequence = item(EffectiveEchoTime=10.0 if k < 4 else 20.0)
    found = refusal(save(ds))
    assert (found.code, found.details) == ("DICOM_MIXED_PHASES", {"phases": 2, "positions": 4})
    assert refusal(save(enhanced([*series, series[0]]))).code == "DICOM_DUP_SLICE"


def _no_positions(ds: Dataset) -> None:
    del ds.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence


def _bad_position(ds: Dataset) -> None:
    ds.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence = item(ImagePositionPatient=[1.0, 2.0])


def _no_rescale(ds: Dataset) -> None:
    for groups in ds.PerFrameFunctionalGroupsSequence:
        del groups.PixelValueTransformationSequence


def _wrong_count(ds: Dataset) -> None:
    ds.PerFrameFunctionalGroupsSequence.pop()


def _short(ds: Dataset) -> None:
    ds.PixelData = ds.PixelData[:-20]


def _gap(ds: Dataset) -> None:
    del ds.PerFrameFunctionalGroupsSequence[2]
    ds.NumberOfFrames, ds.PixelData = 3, ds.PixelData[128:]


@pytest.mark.parametrize(
    ("code", "edit"),
    [
        ("DICOM_NO_IPP", _no_positions),
        ("DICOM_BAD_VR", _bad_position),
        ("DICOM_NO_RESCALE", _no_rescale),
        ("DICOM_TRUNC", _wrong_count),
        ("DICOM_SHORT_PIXELS", _short),
        ("DICOM_MISSING_SLICE", _gap),
    ],
)
def test_faulty_enhanced_file_is_rejected(save: Callable, code: str, edit: Callable) -> None:
    ds = enhanced(image_series(VALUES))
    edit(ds)
    assert refusal(save(ds)).code == code
