"""Tilted and uneven stacks are brought to a regular grid only if the catalog asks, and a known field comes out as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from features.core.case import ReadRule
from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.dicom.series import read_dicom_series
from tests.support.scans import save_series

REGRID = ReadRule(regrid=True)


def field(volume: Volume) -> np.ndarray:
    """A linear field of the patient's coordinates at the voxels of a volume: interpolation gives it back exactly."""
    z, y, x = np.indices(volume.array.shape, dtype=float)
    axes = np.array(volume.direction).reshape(3, 3) * np.array(volume.spacing_mm)
    points = np.array(volume.origin_mm) + np.stack([x, y, z], axis=-1) @ axes.T
    return np.asarray(points @ [20.0, -12.0, 8.0])


def filled(positions: np.ndarray, orientation: tuple[float, ...]) -> Callable[[list[Dataset]], None]:
    """Slices at these positions that hold the field."""

    def edit(series: list[Dataset]) -> None:
        row, column = np.array(orientation[:3]), np.array(orientation[3:])
        y, x = np.indices((16, 16))
        for ds, position in zip(series, positions, strict=True):
            ds.ImagePositionPatient = [float(f"{value:.6f}") for value in position]
            points = np.array(position) + x[..., None] * row + y[..., None] * column
            ds.RescaleSlope, ds.RescaleIntercept = 0.125, -1024
            ds.PixelData = np.rint((points @ [20.0, -12.0, 8.0] + 1024) * 8).astype("<i2").tobytes()

    return edit


def inner(volume: Volume) -> tuple[slice, ...]:
    """Voxels that all slices cover, whatever their shift."""
    return (slice(None), slice(4, 12), slice(4, 12))


def test_gantry_tilt_is_undone(tmp_path: Path) -> None:
    tilt = np.radians(12)
    orientation = (1.0, 0.0, 0.0, 0.0, float(np.cos(tilt)), float(np.sin(tilt)))
    positions = np.array([[-8.0, -8.0, 2.5 * k] for k in range(8)])
    paths, _ = save_series(tmp_path, orientation=orientation, edit=filled(positions, orientation))
    with pytest.raises(Rejected, match="DICOM_GANTRY_TILT"):
        read_dicom_series(paths)
    found = read_dicom_series(paths, rule=REGRID)
    (warned,) = found.warnings  # none of the thickness, which is no longer the distance of tilted slices
    assert warned.code == "DICOM_REGRID"
    assert warned.details["tilt_degrees"] == 12.0
    assert found.spacing_mm[2] == pytest.approx(2.5 * np.cos(tilt), abs=1e-6)
    assert found.array.shape == (8, 20, 16)  # 3.6 mm wider along y, so that nothing is cut off
    np.testing.assert_allclose(found.array[inner(found)], field(found)[inner(found)], atol=0.2)


def test_uneven_slices_are_interpolated(tmp_path: Path) -> None:
    orientation = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    along = np.array([0, 2.5, 5.0, 8.1, 10.0, 12.5, 15.0, 17.5])
    positions = np.column_stack([np.full(8, -8.0), np.full(8, -8.0), along])
    paths, _ = save_series(tmp_path, edit=filled(positions, orientation))
    with pytest.raises(Rejected, match="DICOM_NONUNIFORM"):
        read_dicom_series(paths)
    found = read_dicom_series(paths, rule=REGRID)
    assert (found.array.shape, found.spacing_mm) == ((8, 16, 16), (1.0, 1.0, 2.5))
    assert {warned.code for warned in found.warnings} == {"DICOM_REGRID"}
    np.testing.assert_allclose(found.array, field(found), atol=0.2)


def test_missing_slices_are_never_invented(tmp_path: Path) -> None:
    paths, _ = save_series(tmp_path, edit=lambda series: series.pop(3))
    with pytest.raises(Rejected, match="DICOM_MISSING_SLICE"):
        read_dicom_series(paths, rule=REGRID)


def test_regular_stacks_stay_as_they_are(tmp_path: Path) -> None:
    paths, _ = save_series(tmp_path)
    found, wanted = read_dicom_series(paths, rule=REGRID), read_dicom_series(paths)
    np.testing.assert_array_equal(found.array, wanted.array)
    assert (found.array.dtype, found.warnings) == (np.int16, ())


def test_overlapping_slices_of_a_regular_stack_are_told_whatever_the_catalog_asks(tmp_path: Path) -> None:
    def thicken(series: list[Dataset]) -> None:
        for ds in series:
            ds.SliceThickness = 5

    paths, _ = save_series(tmp_path, edit=thicken)
    assert [one.code for one in read_dicom_series(paths, rule=REGRID).warnings] == ["DICOM_THICKNESS"]
