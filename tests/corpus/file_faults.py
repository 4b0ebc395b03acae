"""Faults of NIfTI and NRRD files. Each function spoils an image with a label map."""

from __future__ import annotations

import gzip
from functools import partial

import numpy as np

from tests.corpus.registry import fault, recovered, refused
from tests.corpus.study import NiftiPair, Pair, body, nifti_image, nrrd_bytes, roi_mask

nifti = partial(fault, "NIfTI/NRRD", "nifti")
volume = partial(fault, "NIfTI/NRRD", "nifti_volume")
nrrd = partial(fault, "NIfTI/NRRD", "nrrd")


@nifti(refused("NII_SQ"))
def nii_sq(pair: NiftiPair) -> None:
    """sform and qform place the image 50 mm apart."""
    affine = pair.image.affine.copy()
    affine[0, 3] += 50
    pair.image.set_sform(affine, 1)


@nifti(refused("NII_SHEAR"))
def nii_shear(pair: NiftiPair) -> None:
    """The voxel axes are not orthogonal."""
    affine = pair.image.affine.copy()
    affine[0, 1] = 0.2
    for one in (pair.image, pair.mask):
        one.set_qform(None, 0)
        one.set_sform(affine, 1)


@nifti(recovered(twin="close"))
def nii_slope(pair: NiftiPair) -> None:
    """Values are stored with a slope and an intercept."""
    image = nifti_image(((body() + 1024) // 1).astype(np.int16))
    image.header.set_slope_inter(1, -1024)
    image.header["scl_slope"], image.header["scl_inter"] = 1, -1024
    pair.image = image


@nifti(recovered())
def nii_slope__nan(pair: NiftiPair) -> None:
    """scl_slope is NaN: it says nothing."""
    pair.image.header["scl_slope"], pair.image.header["scl_inter"] = np.nan, np.nan


@nifti(refused("NII_4D"))
def nii_4d(pair: NiftiPair) -> None:
    """The file holds two volumes."""
    pair.image = nifti_image(np.stack([body(), body(1)], axis=-1))


@volume(recovered())
def nii_4d__volume(pair: NiftiPair) -> None:
    """The file holds two volumes, and the catalog says volume: 0."""
    pair.image = nifti_image(np.stack([body(), body(1)], axis=-1))


@nifti(refused("NII_4D"))
def nii_4d__rgb(pair: NiftiPair) -> None:
    """Voxels are colours."""
    colours = np.zeros(body().shape, np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    pair.image = nifti_image(colours)


@nifti(refused("NII_TRUNC"))
def nii_trunc(pair: NiftiPair) -> None:
    """The file ends in the middle."""
    pair.keep_bytes["image"] = 2000


def _with_nan(pair: NiftiPair, *place: int) -> None:
    values = body().astype(np.float32)
    values[place] = np.nan
    pair.image = nifti_image(values)


@nifti(refused("NAN_IN_ROI"))
def nii_nan(pair: NiftiPair) -> None:
    """A voxel of the ROI is NaN."""
    _with_nan(pair, 4, 8, 8)


@nifti(recovered("NAN_OUTSIDE", twin="close"))
def nii_nan__outside(pair: NiftiPair) -> None:
    """A voxel far from the ROI is NaN."""
    _with_nan(pair, 0, 0, 0)


@nifti(recovered("NII_UNITS", twin="close"))
def nii_units(pair: NiftiPair) -> None:
    """The header tells lengths in micrometres."""
    for one in (pair.image, pair.mask):
        affine = np.diag([1000.0, 1000.0, 1000.0, 1.0]) @ one.affine
        one.header.set_xyzt_units("micron")
        one.set_qform(affine, 1)
        one.set_sform(affine, 1)


@nifti(refused("NII_SPACING"))
def nii_units__zero(pair: NiftiPair) -> None:
    """A voxel spacing is zero."""
    pair.image.header["pixdim"][3] = 0


@nrrd(recovered())
def nrrd_space(pair: Pair) -> None:
    """Coordinates are told as right-anterior-superior."""
    ras = "right-anterior-superior"
    pair.files["image.nrrd"] = nrrd_bytes(body(), space=ras)
    pair.files["mask.nrrd"] = nrrd_bytes(roi_mask().astype(np.uint8), space=ras)


@nrrd(refused("NRRD_PATH"))
def nrrd_space__outside(pair: Pair) -> None:
    """The header names a data file outside the cohort's folder."""
    pair.files["image.nrrd"] = nrrd_bytes(body(), data_file="../../../../../../etc/hostname")


@nrrd(refused("NII_TRUNC"))
def nrrd_gz(pair: Pair) -> None:
    """The compressed data end in the middle."""
    data = pair.files["image.nrrd"]
    pair.files["image.nrrd"] = data[: len(data) // 2]


@nifti(refused("HU_RANGE"))
def file_units(pair: NiftiPair) -> None:
    """Values are a hundred times HU."""
    pair.image = nifti_image((body() * 100.0).astype(np.float32))


@nifti(recovered("UNIT_DOUBTFUL", twin="other"))
def file_units__scaled(pair: NiftiPair) -> None:
    """HU were scaled to 0 to 1."""
    pair.image = nifti_image(((body() + 1100) / 1300).astype(np.float32))


@nifti(recovered("UNIT_DOUBTFUL", twin="other"))
def file_units__picture(pair: NiftiPair) -> None:
    """HU were scaled to 0 to 255."""
    pair.image = nifti_image(np.clip((body() + 1000) * 0.22, 0, 255).astype(np.uint8))


@nifti(recovered("UNIT_DOUBTFUL", twin="other"))
def file_units__stored(pair: NiftiPair) -> None:
    """Values are as a scanner stores them: HU + 1024."""
    pair.image = nifti_image((body() + 1024).astype(np.int16))


@nifti(recovered("ORIENTATION_UNKNOWN", twin="close"))
def nii_orientation(pair: NiftiPair) -> Pair:
    """Neither sform nor qform has a code: the header does not tell how the patient lay."""
    files = {}
    for name, one in (("image", pair.image), ("mask", pair.mask)):
        data = bytearray(one.to_bytes())
        data[252:256] = bytes(4)  # nibabel would set a code again
        files[f"{name}.nii.gz"] = gzip.compress(data)
    return Pair(pair.patient, files)


@nrrd(recovered("ORIENTATION_UNKNOWN"))
def nrrd_space__absent(pair: Pair) -> None:
    """The header does not say to which sides of the patient the axes run."""
    for name, data in pair.files.items():
        pair.files[name] = data.replace(b"space: left-posterior-superior", b"space dimension: 3")


@nifti(recovered(twin="close"))
def nii_sq__rounded(pair: NiftiPair) -> None:
    """sform and qform are of one matrix, turned by 0.05 degrees, and differ by the rounding of the quaternion."""
    turn = np.eye(4)
    angle = np.radians(0.05)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    for one in (pair.image, pair.mask):
        affine = turn @ one.affine
        one.set_sform(affine, 1)
        one.set_qform(affine, 1)
