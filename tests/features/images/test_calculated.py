"""calculate: ADC and phases out of DICOM slices and NIfTI files, and what is refused."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian

from features.core.case import CaseId, FileSet, Scan
from features.core.kinds.calculation import CALCULATIONS
from features.core.quarantine import Rejected
from features.images.calculated import calculate, open_acquisition
from features.images.dicom.b_value import b_value
from features.images.region import read_region
from tests.support.enhanced import enhanced, item
from tests.support.scans import image_series, save_datasets, save_nifti

SHAPE = (3, 4, 5)
RNG = np.random.default_rng(3)
ADC, S0 = RNG.uniform(400, 2500, SHAPE), RNG.uniform(2000, 9000, SHAPE)


def _signal(b: float) -> np.ndarray:
    """What a scanner stores: whole numbers."""
    return np.rint(S0 * np.exp(-b * ADC * 1e-6))


def _volumes(volumes: Sequence[np.ndarray], edit: Callable[[int, int, Dataset], object]) -> list[Dataset]:
    """One series of several volumes, after `edit(volume, slice, dataset)`."""
    found: list[Dataset] = []
    for n, values in enumerate(volumes):
        for k, ds in enumerate(image_series(values, modality="MR", intercept=0)):
            if found:
                ds.SeriesInstanceUID, ds.FrameOfReferenceUID = found[0].SeriesInstanceUID, found[0].FrameOfReferenceUID
            ds.InstanceNumber = 100 * n + k
            edit(n, k, ds)
            found.append(ds)
    return found


def _read(files: Sequence[Path], unit: Any = "arbitrary", form: str = "dicom", **settings: Any) -> Any:
    return calculate(open_acquisition(FileSet(form, tuple(files), "")), CALCULATIONS.parse(settings), unit=unit)


def _adc(files: Sequence[Path], form: str = "dicom", **settings: Any) -> Any:
    return _read(files, "um2/s", form, kind="adc", **settings)


def _polyfit(b: Sequence[float], volumes: Sequence[np.ndarray]) -> np.ndarray:
    return -1e6 * np.polyfit(b, np.log(np.stack(volumes).reshape(len(b), -1).astype(float)), 1)[0].reshape(SHAPE)


def _public(b: float, ds: Dataset) -> None:
    ds.DiffusionBValue = b


def _siemens(b: float, ds: Dataset) -> None:
    ds.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(0x0C, "IS", str(int(b)))


def _ge(b: float, ds: Dataset) -> None:
    told = [str(int(b + 1e9)), "8", "0", "0"]
    ds.private_block(0x0043, "GEMS_PARM_01", create=True).add_new(0x39, "IS", told)


def _philips(b: float, ds: Dataset) -> None:
    ds.private_block(0x2001, "Philips Imaging DD 001", create=True).add_new(0x03, "FL", b)


def _passed_on(b: float, ds: Dataset) -> None:
    """As an archive passes on what it does not know: bytes of unknown type."""
    block = ds.private_block(0x2001, "Philips Imaging DD 001", create=True)
    block.add_new(0x03, "UN", struct.pack("<f", b))


@pytest.mark.parametrize("tell", [_public, _siemens, _ge, _philips, _passed_on])
def test_adc_of_a_series_is_that_of_its_stored_signals_whoever_built_the_scanner(
    tmp_path: Path, tell: Callable[[float, Dataset], None]
) -> None:
    b = [0.0, 500.0, 1000.0]
    volumes = [_signal(one) for one in b]
    series = _volumes(volumes, lambda n, _, ds: tell(b[n], ds))
    found = _adc(save_datasets(series[::-1], tmp_path, "dwi"))
    np.testing.assert_allclose(found.array, _polyfit(b, volumes), rtol=1e-6)
    np.testing.assert_allclose(found.array, ADC, rtol=0.02)  # rounded signals
    assert found.padding is None
    assert "DiffusionBValue" not in found.facts
    assert not found.warnings


def test_a_b_value_is_found_in_a_file_of_implicit_types(tmp_path: Path) -> None:
    (ds,) = image_series(np.ones((1, 2, 2)), modality="MR", intercept=0)
    _ge(800, ds)
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    assert b_value(dcmread(save_datasets([ds], tmp_path, "ge")[0])) == 800.0


def test_three_directions_of_one_b_value_count_each(tmp_path: Path) -> None:
    b = [0.0, 1000.0, 1000.0, 1000.0]
    volumes = [_signal(b[n]) + 7 * n for n in range(4)]
    series = _volumes(volumes, lambda n, _, ds: _public(b[n], ds))
    found = _adc(save_datasets(series, tmp_path, "dwi"))
    np.testing.assert_allclose(found.array, _polyfit(b, volumes), rtol=1e-6)


def test_undefined_voxels_are_padding(tmp_path: Path) -> None:
    volumes = [_signal(0), _signal(1000)]
    volumes[1][1, 2, 3] = 0
    series = _volumes(volumes, lambda n, _, ds: _public(1000 * n, ds))
    found = _adc(save_datasets(series, tmp_path, "dwi"))
    assert np.argwhere(found.padding).tolist() == [[1, 2, 3]]
    assert found.array[1, 2, 3] == 0


def _lost_slice(series: list[Dataset]) -> None:
    del series[4]


def _untold(series: list[Dataset]) -> None:
    del series[4].DiffusionBValue


def _moved(series: list[Dataset]) -> None:
    for ds in series[3:]:
        x, y, z = ds.ImagePositionPatient
        ds.ImagePositionPatient = [x + 3, y, z]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_lost_slice, "an ADC needs two b-values or more"),
        (_untold, "slices do not tell their b-value"),
        (_moved, "the volumes lie on different grids"),
    ],
)
def test_series_that_give_no_adc_say_why(tmp_path: Path, spoil: Callable[[list[Dataset]], None], message: str) -> None:
    series = _volumes([_signal(0), _signal(1000)], lambda n, _, ds: _public(1000 * n, ds))
    if spoil is _lost_slice:
        series = series[:3]
    else:
        spoil(series)
    with pytest.raises(Rejected) as caught:
        _adc(save_datasets(series, tmp_path, "dwi"))
    assert (caught.value.code, caught.value.message) == ("CALCULATION", message)


@pytest.mark.parametrize("scale", [0.02, 0.03])
def test_volumes_that_philips_scaled_differently_do_not_compare(tmp_path: Path, scale: float) -> None:
    def tell(n: int, k: int, ds: Dataset) -> None:
        _public(1000 * n, ds)
        ds.RescaleSlope = (2.0, 1.0)[n]
        block = ds.private_block(0x2005, "Philips MR Imaging DD 001", create=True)
        block.add_new(0x0E, "FL", (0.01, scale)[n])

    files = save_datasets(_volumes([_signal(0), _signal(1000)], tell), tmp_path, "dwi")
    if scale == 0.02:
        assert np.isfinite(_adc(files).array).all()
        return
    with pytest.raises(Rejected, match="the scanner scaled the volumes differently"):
        _adc(files)


def test_a_slice_that_one_volume_lacks_is_told(tmp_path: Path) -> None:
    series = _volumes([_signal(0), _signal(1000), _signal(1000)], lambda n, _, ds: _public(1000 * min(n, 1), ds))
    del series[7]
    with pytest.raises(Rejected, match="slices of the b-value 1000 are not as many at every position"):
        _adc(save_datasets(series, tmp_path, "dwi"))


def _timed(n: int, ds: Dataset) -> None:
    ds.AcquisitionDate, ds.AcquisitionTime = "20240229", f"{110000 + 110 * n}.5"  # every 70 s
    ds.ContrastBolusStartTime = "110030.500000"


@pytest.mark.parametrize(
    "tell",
    [
        lambda n, _, ds: setattr(ds, "TemporalPositionIdentifier", n + 1),
        lambda n, _, ds: _timed(n, ds),
        lambda n, _, ds: setattr(ds, "TriggerTime", 70_000.0 * n),
        lambda n, k, ds: (setattr(ds, "AcquisitionNumber", n + 1), setattr(ds, "InstanceNumber", 9 - n)),
        lambda n, k, ds: setattr(ds, "InstanceNumber", 3 * n + k),
    ],
    ids=["position", "time", "trigger", "acquisition", "instance"],
)
def test_phases_are_put_in_the_order_of_time(tmp_path: Path, tell: Callable[[int, int, Dataset], object]) -> None:
    volumes = [np.full(SHAPE, value) for value in (100, 190, 170)]
    files = save_datasets(_volumes(volumes, tell)[::-1], tmp_path, "dce")
    assert [float(_read(files, kind="phase", number=n).array.mean()) for n in range(3)] == [100, 190, 170]
    assert (_read(files, kind="subtraction", of={"number": 2}).array == 70).all()


def test_a_phase_is_found_by_seconds_from_the_first_or_from_the_injection(tmp_path: Path) -> None:
    volumes = [np.full(SHAPE, value) for value in (100, 190, 170)]
    files = save_datasets(_volumes(volumes, lambda n, _, ds: _timed(n, ds)), tmp_path, "dce")
    assert _read(files, kind="phase", at_s=65).array[0, 0, 0] == 190
    assert _read(files, kind="phase", at_s=105, after="injection").array[0, 0, 0] == 170  # 110 s after it
    assert _read(files, kind="phase", at_s=-30, after="injection").array[0, 0, 0] == 100
    assert _read(files, kind="phase", at_s=9, times_s=[0, 10, 20]).array[0, 0, 0] == 190
    with pytest.raises(Rejected, match="no phase began near enough"):
        _read(files, kind="phase", at_s=200)


def test_a_series_before_contrast_agent_is_the_first_phase_of_a_dynamic_one(tmp_path: Path) -> None:
    """Both number their slices and temporal positions from 1: only the time of acquisition tells the order."""

    def tell(n: int, k: int, ds: Dataset) -> None:
        before = n == 0
        ds.SeriesInstanceUID = f"1.2.3.{int(before)}"
        ds.TemporalPositionIdentifier, ds.InstanceNumber = (1 if before else n), k + 1 + 3 * max(n - 1, 0)
        ds.AcquisitionDate, ds.AcquisitionTime = "20240229", ("110000", "110500", "110600")[n]

    volumes = [np.full(SHAPE, value) for value in (100, 190, 170)]
    files = save_datasets(_volumes(volumes, tell)[::-1], tmp_path, "dce")
    assert (_read(files, kind="subtraction", of={"at_s": 360}).array == 70).all()


def test_phases_past_midnight_without_dates_stay_in_order(tmp_path: Path) -> None:
    volumes = [np.full(SHAPE, value) for value in (1, 2)]

    def tell(n: int, k: int, ds: Dataset) -> None:
        ds.TemporalPositionIdentifier, ds.AcquisitionTime = n, ("235950", "000040")[n]

    files = save_datasets(_volumes(volumes, tell), tmp_path, "dce")
    assert _read(files, kind="phase", at_s=50).array[0, 0, 0] == 2


def test_phases_without_times_are_found_by_number_alone(tmp_path: Path) -> None:
    volumes = [np.full(SHAPE, value) for value in (1, 2)]
    files = save_datasets(_volumes(volumes, lambda *_: None), tmp_path, "dce")
    with pytest.raises(Rejected, match="the phases do not tell their times"):
        _read(files, kind="phase", at_s=50)
    with pytest.raises(Rejected, match="fewer phases"):
        _read(files, kind="phase", number=2)
    with pytest.raises(Rejected, match="not as many volumes"):
        _read(files, kind="phase", at_s=50, times_s=[0, 50, 100])


def test_the_volumes_of_an_enhanced_file_are_told_apart_by_its_frames(tmp_path: Path) -> None:
    b = [0.0, 1000.0]
    volumes = [_signal(one) for one in b]
    slices = _volumes(volumes, lambda n, _, ds: _public(b[n], ds))
    ds = enhanced(slices)
    del ds.DiffusionBValue
    for groups, one in zip(ds.PerFrameFunctionalGroupsSequence, slices, strict=True):
        told = {"DiffusionBValue": one.DiffusionBValue} if one.DiffusionBValue else {"DiffusionDirectionality": "NONE"}
        groups.MRDiffusionSequence = item(**told)
    found = _adc(save_datasets([ds], tmp_path, "enhanced"))
    np.testing.assert_allclose(found.array, _polyfit(b, volumes), rtol=1e-6)


@pytest.mark.parametrize("name", ["dwi.nii", "dwi.nii.gz"])
def test_adc_of_a_nifti_file_takes_b_values_from_the_file_beside_it_or_from_the_catalog(
    tmp_path: Path, name: str
) -> None:
    b = [0.0, 400.0, 800.0]
    volumes = [_signal(one).astype(np.int16) for one in b]
    path = save_nifti(tmp_path / name, np.moveaxis(np.stack(volumes), (0, 1, 2, 3), (3, 2, 1, 0)))
    beside = tmp_path / "dwi.bval"
    beside.write_text("0 400\t800\n")
    every = _adc([path, beside], "nifti").array
    np.testing.assert_allclose(every, _polyfit(b, volumes), rtol=1e-6)
    assert (_adc([path], "nifti", b_values=b).array == every).all()
    two = _adc([path, beside], "nifti", b_values=[0, 800]).array
    np.testing.assert_allclose(two, _polyfit([0, 800], [volumes[0], volumes[2]]), rtol=1e-6)
    for files, settings, message in (
        ([path], {}, "not every volume tells its b-value"),
        ([path], {"b_values": [0, 800]}, "not as many volumes"),
        ([path, beside], {"b_values": [50, 800]}, "b-values of the catalog are missing"),
    ):
        with pytest.raises(Rejected, match=message):
            _adc(files, "nifti", **settings)
    beside.write_text("b0 b400 b800")
    with pytest.raises(Rejected, match="something else than numbers"):
        _adc([path, beside], "nifti")


def test_phases_of_a_nifti_file_are_its_volumes_in_order(tmp_path: Path) -> None:
    array = np.stack([np.full((4, 4, 3), value, np.int16) for value in (10, 30, 20)], axis=3)
    path = save_nifti(tmp_path / "dce.nii.gz", array)
    assert (_read([path], form="nifti", kind="phase", number=1).array == 30).all()
    late = {"of": {"at_s": 110}, "times_s": [0, 60, 120]}
    assert (_read([path], form="nifti", kind="subtraction", **late).array == 10).all()


def test_an_adc_in_another_unit_is_doubtful(tmp_path: Path) -> None:
    volumes = [np.moveaxis(S0 * np.exp(-b * ADC * 1e-9), 0, 2) for b in (0.0, 1000.0)]
    path = save_nifti(tmp_path / "dwi.nii", np.stack(volumes, axis=3))
    found = _adc([path], "nifti", b_values=[0, 1000])
    assert [one.code for one in found.warnings] == ["UNIT_DOUBTFUL"]


def test_undefined_voxels_are_left_out_of_a_region_with_a_warning(tmp_path: Path) -> None:
    signals = [np.full((6, 6, 6), value, np.int16) for value in (900, 300)]
    signals[1][3, 3, 3] = 0
    image = save_nifti(tmp_path / "dwi.nii", np.stack(signals, axis=3))
    mask = save_nifti(tmp_path / "mask.nii", np.ones((6, 6, 6), np.uint8))
    calculation = CALCULATIONS.parse({"kind": "adc", "b_values": [0, 1000]})
    files = FileSet("nifti", (image,), ""), FileSet("nifti", (mask,), "")
    scan = Scan(CaseId("c", "p"), "A", "MR", "um2/s", *files, "1", calculation=calculation)
    region = read_region(scan)
    assert (int(region.mask.sum()), int(region.shape_mask.sum())) == (215, 216)
    np.testing.assert_allclose(region.values, 1000 * np.log(3), rtol=1e-6)
    assert [one.code for one in region.warnings] == ["CALCULATION_UNDEFINED"]
    assert region.warnings[0].details == {"voxels": 1, "share": 0.00463}
