"""stack_geometry: the order and the regular grid of a series' slices, or the reason why they have none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected, Warned
from features.core.region import Vector
from features.images.dicom.dataset import numbers
from features.images.dicom.frames import Frame, phase
from features.images.dicom.spacing import ROUNDING_MM, Steps, fit_steps

THICKNESS = 1e-2  # of the step: what is thicker or thinner by more, and 0.01 mm, is told
TILT_DEGREES = 0.1
WIDEST_STEP = 1.5  # times the median: beyond, a slice is missing, and none is invented
_THICKEST_MM = 1000.0
_NAMED_GAPS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The grid that a stack of slices lies on, and where its slices really are.

    order: indices of the slices, ascending along their normal. along_mm (n,): where each lies along the normal, from the
    first. sideways_mm (n, 2): its shift against the first along x and y. faults: why it is no regular grid, if it is none.
    off_mm: how far a slice lies from the grid at most, if that is more than rounding and no fault, else 0.
    """

    order: list[int]
    spacing_mm: Vector
    origin_mm: Vector
    direction: tuple[float, ...]
    along_mm: NDArray[np.float64]
    sideways_mm: NDArray[np.float64]
    faults: tuple[Rejected, ...] = ()
    off_mm: float = 0.0


def stack_geometry(frames: Sequence[Frame], *, regrid: bool = False) -> Grid:
    """The grid of a stack. A single slice takes its thickness as spacing.

    regrid: a tilted or unevenly spaced stack is no fault; its grid has the median step.
    Raises Rejected: DICOM_MIXED_MATRIX, DICOM_NO_IPP (also orientation not orthonormal), DICOM_MIXED_PHASES,
    DICOM_DUP_SLICE, DICOM_MISSING_SLICE, DICOM_NONUNIFORM (a slice lies more than 0.01 mm + 2 % of the step from the grid
    that fits all slices best), DICOM_GANTRY_TILT (above 0.1°).
    """
    first = frames[0]
    _check_alike(frames)
    row, column = first.orientation[:3], first.orientation[3:]
    with np.errstate(all="ignore"):  # of numbers that cannot be
        orthonormal = np.allclose([row @ row, column @ column, row @ column], [1, 1, 0], rtol=0, atol=1e-3)
    if not orthonormal:
        raise Rejected("DICOM_NO_IPP", "ImageOrientationPatient is not orthonormal")
    normal = np.cross(row, column)
    positions = np.array([frame.position_mm for frame in frames])
    along = positions @ normal
    order = [int(i) for i in np.argsort(along, kind="stable")]
    positions, along = positions[order], along[order]
    sideways = (positions - positions[0]) @ np.column_stack([row, column])
    faults: list[Rejected] = []
    step, start, off = first.thickness_mm, 0.0, 0.0
    if len(frames) > 1:
        _check_unique([frames[i] for i in order], np.diff(along))
        steps = fit_steps(along)
        faults = _faults(along, sideways, steps, regrid=regrid)
        if faults and not regrid:
            raise faults[0]
        if faults:
            step = float(median_low(np.diff(along).tolist()))
        else:
            step, start, off = steps.step_mm, steps.first_mm - float(along[0]), steps.off_mm
    if not 0 < step <= _THICKEST_MM:
        raise Rejected("DICOM_NO_IPP", "a single slice has no SliceThickness, or one that cannot be")
    x, y, z = (float(value) for value in (positions[0] + start * normal if start else positions[0]))
    return Grid(
        order,
        (float(first.pixel_spacing_mm[1]), float(first.pixel_spacing_mm[0]), step),
        (x, y, z),
        tuple(float(value) for value in np.column_stack([row, column, normal]).reshape(-1)),
        along - along[0],
        sideways,
        tuple(faults),
        off if off > ROUNDING_MM else 0.0,
    )


def off_grid_warnings(grid: Grid) -> tuple[Warned, ...]:
    """DICOM_OFF_GRID, with the largest distance, if slices lie beside the regular grid and were taken to lie on it."""
    if not grid.off_mm:
        return ()
    step_mm = grid.spacing_mm[2]
    details: dict[str, float | int | str] = {"off_mm": round(grid.off_mm, 4), "step_mm": round(step_mm, 4)}
    return (Warned("DICOM_OFF_GRID", details={**details, "share_of_step": round(grid.off_mm / step_mm, 5)}),)


def thickness_warnings(frames: Sequence[Frame], grid: Grid) -> tuple[Warned, ...]:
    """DICOM_THICKNESS if the slices are thicker or thinner than their distance by over 0.01 mm + 1 %.

    Not of a stack that is no regular grid: uneven or tilted slices are not as far apart as they are thick, and DICOM_REGRID
    tells the step that they are brought to.
    """
    thickness, step_mm = frames[0].thickness_mm, grid.spacing_mm[2]
    if len(frames) < 2 or not thickness or grid.faults:
        return ()
    if abs(thickness - step_mm) <= ROUNDING_MM + THICKNESS * step_mm:
        return ()
    return (Warned("DICOM_THICKNESS", details={"thickness_mm": thickness, "step_mm": round(step_mm, 4)}),)


def end_warnings(frames: Sequence[Frame]) -> tuple[Warned, ...]:
    """DICOM_FEWER_SLICES if every slice tells ImagesInAcquisition, and together they promise more slices than there are.

    One number for all slices may be that of the series or of each of its acquisitions: the smaller promise counts. A
    multiple of the slices is none: so many echoes or reconstructions share the acquisition.
    """
    told: dict[object, set[float]] = {}
    for frame in frames:
        count = numbers(frame.dataset, "ImagesInAcquisition", 1)
        if count is None or frame.groups:
            return ()
        told.setdefault(numbers(frame.dataset, "AcquisitionNumber", 1), set()).add(count[0])
    if any(len(counts) > 1 for counts in told.values()):
        return ()
    promised = [int(counts.pop()) for counts in told.values()]
    expected = sum(promised) if len(set(promised)) > 1 else promised[0]
    if expected <= len(frames) or expected % len(frames) == 0:
        return ()
    return (Warned("DICOM_FEWER_SLICES", details={"slices": len(frames), "expected_slices": expected}),)


@np.errstate(all="ignore")  # of numbers that cannot be
def _check_alike(frames: Sequence[Frame]) -> None:
    first = frames[0]
    if any(frame.matrix != first.matrix for frame in frames):
        raise Rejected("DICOM_MIXED_MATRIX", "rows or columns differ in a series")
    axes = np.array([[*frame.orientation, *frame.pixel_spacing_mm] for frame in frames])
    if not np.abs(axes - axes[0]).max() <= 1e-4:
        raise Rejected("DICOM_MIXED_MATRIX", "spacing or orientation differ in a series")


def _check_unique(frames: Sequence[Frame], steps: NDArray[np.float64]) -> None:
    """No two slices at one position; frames in order."""
    same = [k for k, step in enumerate(steps) if step <= ROUNDING_MM]
    if not same:
        return
    phases = {phase(frames[i]) for k in same for i in (k, k + 1)}
    if len(phases) > 1:
        raise Rejected("DICOM_MIXED_PHASES", phases=len(phases), positions=len(same))
    raise Rejected("DICOM_DUP_SLICE", positions=len(same))


def _faults(along: NDArray[np.float64], sideways: NDArray[np.float64], steps: Steps, *, regrid: bool) -> list[Rejected]:
    """Why slices do not lie on a regular grid; missing ones are raised."""
    faults: list[Rejected] = []
    length, shift = along[-1] - along[0], sideways[-1]
    tilt = float(np.degrees(np.arctan2(np.linalg.norm(shift), length)))
    if tilt > TILT_DEGREES:
        faults.append(Rejected("DICOM_GANTRY_TILT", tilt_degrees=round(tilt, 3)))
    if not steps.is_whole:
        mm = np.diff(along)
        gaps = steps.multiples > 1
        if regrid:
            gaps |= mm > WIDEST_STEP * median_low(mm.tolist())
        if gaps.any() and (regrid or steps.is_regular):
            raise _missing(along, gaps, int((np.maximum(steps.multiples, 2) - 1)[gaps].sum()))
        faults.append(
            Rejected(
                "DICOM_NONUNIFORM",
                step_min_mm=float(mm.min()),
                step_max_mm=float(mm.max()),
                off_mm=round(steps.off_mm, 4),
                tolerance_mm=round(steps.tolerance_mm, 4),
            )
        )
    line = np.outer((along - along[0]) / length, shift)
    if np.linalg.norm(sideways - line, axis=1).max() > 0.1 + np.linalg.norm(shift):
        faults.append(Rejected("DICOM_NONUNIFORM", "slices are shifted against each other"))
    return faults


def _missing(along: NDArray[np.float64], gaps: NDArray[np.bool_], count: int) -> Rejected:
    where = np.flatnonzero(gaps)
    ends = [f"{along[k]:.2f} to {along[k + 1]:.2f}" for k in where[:_NAMED_GAPS]]
    return Rejected(
        "DICOM_MISSING_SLICE",
        slices_missing=count,
        after_slice=int(where[0]) + 1,
        gaps_mm="; ".join(ends) + ("; …" if len(where) > _NAMED_GAPS else ""),
    )
