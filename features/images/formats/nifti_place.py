"""place_of: where the voxels of a NIfTI file lie, by its sform or qform, which have to agree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected, Warned
from features.core.region import Vector
from features.images.formats.nifti_header import NiftiHeader

MAX_SPACING_MM = 20.0
LPS = np.array([-1.0, -1.0, 1.0])  # NIfTI counts x and y the other way (RAS)
_UNITS_MM = {1: 1000.0, 3: 1e-3}  # xyzt_units: metres, micrometres
_AGREE_MM = 1e-3  # entries of both forms; of voxels below 1 mm so much of a voxel
_ROUNDED = 3 * 2.0**-24  # of a quaternion: single precision, and that of the matrix that it was computed from
_SAME = 1e-6  # of a spacing: what turned axes in single precision are off by; 1.00000002 mm would need a voxel more of a new grid
_NO_TURN = 1e-6  # the first number of a quaternion below which its sign is rounding

Matrix = NDArray[np.float64]


class Place(NamedTuple):
    """Spacing (x, y, z) in mm, origin and direction in LPS; what is to be said of it."""

    spacing: Vector
    origin: Vector
    direction: tuple[float, ...]
    warnings: tuple[Warned, ...]


@np.errstate(all="ignore")  # of numbers that cannot be
def place_of(header: NiftiHeader, *, flat: bool = False) -> Place:
    """The place by sform, else qform, else by spacings alone (origin 0), of which ORIENTATION_UNKNOWN warns.

    flat: of a file of two axes, whose third one is 1 mm across the others.

    sform and qform agree if their entries differ by less than 1e-3 mm (of voxels below 1 mm: of a voxel), or if the
    quaternion is that of the sform but for its rounding: it is stored in single precision without its first number, the root
    of what is left to 1, which near a half turn is wrong by up to 6e-4.
    Raises Rejected: NII_SPACING, NII_SQ, NII_SHEAR. Warns: NII_UNITS, ORIENTATION_UNKNOWN.
    """
    unit_mm = _UNITS_MM.get(header.units & 7, 1.0)
    pixdim = [value * unit_mm for value in header.pixdim[1:4]]
    if flat:
        pixdim[2] = 1.0
    if not all(0 < value <= MAX_SPACING_MM for value in pixdim):
        raise Rejected("NII_SPACING", spacing_x_mm=pixdim[0], spacing_y_mm=pixdim[1], spacing_z_mm=pixdim[2])
    warnings: tuple[Warned, ...] = (Warned("NII_UNITS", details={"unit_mm": unit_mm}),) if unit_mm != 1 else ()
    mm = np.array([unit_mm] * 3 + [1.0])[:, None]
    forms = [
        _flattened(mm * form, pixdim) if flat else mm * form
        for form in (
            header.sform if header.sform_code > 0 else None,
            _qform(header) if header.qform_code > 0 else None,
        )
        if form is not None
    ]
    if len(forms) == 2 and not _agree(forms[0], forms[1], header):
        difference = float(np.abs(forms[0] - forms[1]).max())
        raise Rejected("NII_SQ", difference_mm=round(difference, 4))
    if not forms:
        warnings += (Warned("ORIENTATION_UNKNOWN", "neither sform nor qform has a code"),)
    affine = forms[0] if forms else np.diag([-pixdim[0], -pixdim[1], pixdim[2], 1.0])  # axes as they are
    axes, origin = LPS[:, None] * affine[:3, :3], LPS * affine[:3, 3]
    spacing = np.linalg.norm(axes, axis=0)
    if not all(0 < value <= MAX_SPACING_MM for value in spacing):
        raise Rejected("NII_SPACING", "sform gives a spacing of zero or above 20 mm")
    direction = axes / spacing
    spacing = np.where(np.abs(spacing - pixdim) <= _SAME * spacing, pixdim, spacing)
    shear = float(np.abs(direction.T @ direction - np.eye(3)).max())
    if not shear <= 1e-3:
        raise Rejected("NII_SHEAR", cosine=round(shear, 4))
    if not np.isfinite(origin).all():
        raise Rejected("NII_SHEAR", "the origin is not finite")
    return Place(_vector(spacing), _vector(origin), tuple(direction.reshape(-1).tolist()), warnings)


def _agree(sform: Matrix, qform: Matrix, header: NiftiHeader) -> bool:
    """Whether two forms (4, 4) in mm place the voxels alike."""
    spacing = np.linalg.norm(sform[:3, :3], axis=0)
    allowed = _AGREE_MM * np.minimum(1.0, np.append(spacing, spacing.min()))
    if (np.abs(sform - qform)[:3] <= allowed).all():
        return True
    others = np.append(np.linalg.norm(qform[:3, :3], axis=0) - spacing, np.abs(sform - qform)[:3, 3].max())
    turned = np.linalg.det(sform[:3, :3]) * np.linalg.det(qform[:3, :3]) > 0
    if not turned or not (np.abs(others) <= allowed).all():
        return False
    first, rest = _quaternion(sform[:3, :3] / spacing)
    signs = (1, -1) if first <= _NO_TURN else (1,)
    return any(bool((np.abs(sign * header.quaternion - rest) <= _ROUNDED).all()) for sign in signs)


def _quaternion(axes: Matrix) -> tuple[float, Matrix]:
    """The quaternion of the rotation that is nearest to the axes (3, 3), the third turned where they are left-handed."""
    from nibabel.quaternions import mat2quat

    left, _, right = np.linalg.svd(axes * [1, 1, np.sign(np.linalg.det(axes))])
    found: Matrix = mat2quat(left @ right)
    found = -found if found[0] < 0 else found
    return float(found[0]), found[1:].astype(np.float32).astype(np.float64)


def _flattened(form: Matrix, pixdim: list[float]) -> Matrix:
    """A form whose third axis is of 1 mm, in its own direction if it has one, else across the others."""
    third = form[:3, 2] if np.linalg.norm(form[:3, 2]) > 0 else np.cross(form[:3, 0], form[:3, 1])
    found = form.copy()
    found[:3, 2] = third / np.linalg.norm(third) * pixdim[2]
    return found


def _qform(header: NiftiHeader) -> Matrix:
    try:
        return header.qform()
    except ValueError as error:
        raise Rejected("NII_SQ", "qform is not a rotation") from error


def _vector(values: Matrix) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z
