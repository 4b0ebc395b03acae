"""stack_geometry: the order and the regular grid of a series' slices, or the reason why they have none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from features.core.quarantine import Rejected
from features.core.region import Vector

STEP_TOLERANCE_MM = 1e-2
STEP_TOLERANCE = 1e-2  # of the median step
TILT_DEGREES = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """The geometry of one slice: position (3,) mm, orientation (6,), pixel spacing (row, column) mm, (rows, columns)."""

    dataset: Dataset
    position_mm: NDArray[np.float64]
    orientation: NDArray[np.float64]
    pixel_spacing_mm: NDArray[np.float64]
    matrix: tuple[int, int]
    thickness_mm: float


def stack_geometry(slices: Sequence[Slice]) -> tuple[list[int], Vector, Vector, tuple[float, ...]]:
    """Order of the slices along their normal, spacing (x, y, z) mm, origin (x, y, z) mm, direction (3×3, row-major).

    A single slice takes its thickness as spacing.
    Raises Rejected: DICOM_MIXED_MATRIX, DICOM_NO_IPP (also orientation not orthonormal), DICOM_DUP_SLICE,
    DICOM_GANTRY_TILT (more than 0.1°), DICOM_MISSING_SLICE, DICOM_NONUNIFORM (tolerance 0.01 mm + 1 %).
    """
    first = slices[0]
    for other in slices[1:]:
        if (
            other.matrix != first.matrix
            or not np.allclose(other.pixel_spacing_mm, first.pixel_spacing_mm, rtol=0, atol=1e-4)
            or not np.allclose(other.orientation, first.orientation, rtol=0, atol=1e-4)
        ):
            raise Rejected("DICOM_MIXED_MATRIX")
    row, column = first.orientation[:3], first.orientation[3:]
    if not np.allclose([row @ row, column @ column, row @ column], [1, 1, 0], rtol=0, atol=1e-3):
        raise Rejected("DICOM_NO_IPP", "ImageOrientationPatient is not orthonormal")
    normal = np.cross(row, column)
    positions = np.array([one.position_mm for one in slices])
    along = positions @ normal
    order = [int(i) for i in np.argsort(along, kind="stable")]
    step = _step(positions[order], along[order], normal) if len(slices) > 1 else first.thickness_mm
    if step <= 0:
        raise Rejected("DICOM_NO_IPP", "a single slice has no SliceThickness")
    spacing = (float(first.pixel_spacing_mm[1]), float(first.pixel_spacing_mm[0]), step)
    origin = tuple(float(value) for value in positions[order[0]])
    direction = tuple(float(value) for value in np.column_stack([row, column, normal]).reshape(-1))
    return order, spacing, (origin[0], origin[1], origin[2]), direction


def _step(positions: NDArray[np.float64], along: NDArray[np.float64], normal: NDArray[np.float64]) -> float:
    """Distance of neighbouring slices in mm."""
    steps = np.diff(along)
    if (steps <= STEP_TOLERANCE_MM).any():
        raise Rejected("DICOM_DUP_SLICE", positions=int((steps <= STEP_TOLERANCE_MM).sum()))
    path = positions[-1] - positions[0]
    sideways = path - (path @ normal) * normal
    tilt = float(np.degrees(np.arctan2(np.linalg.norm(sideways), path @ normal)))
    if tilt > TILT_DEGREES:
        raise Rejected("DICOM_GANTRY_TILT", tilt_degrees=round(tilt, 3))
    median = median_low(steps.tolist())
    tolerance = STEP_TOLERANCE_MM + STEP_TOLERANCE * median
    wrong = np.abs(steps - median) > tolerance
    if wrong.any():
        multiple = np.round(steps[wrong] / median)
        gaps = (multiple >= 2) & (np.abs(steps[wrong] - multiple * median) <= multiple * tolerance)
        if gaps.all():
            where = int(np.flatnonzero(wrong)[0]) + 1
            raise Rejected("DICOM_MISSING_SLICE", slices_missing=int((multiple - 1).sum()), after_slice=where)
        raise Rejected("DICOM_NONUNIFORM", step_min_mm=float(steps.min()), step_max_mm=float(steps.max()))
    expected = positions[0] + np.outer(along - along[0], normal)
    if np.abs(positions - expected).max() > 0.1 + np.abs(sideways).max():
        raise Rejected("DICOM_NONUNIFORM", "slices are shifted against each other")
    return float((along[-1] - along[0]) / (len(along) - 1))
