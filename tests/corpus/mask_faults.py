"""Faults of label maps. Each function spoils the mask of one CT."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from tests.corpus.registry import fault, recovered, refused
from tests.corpus.study import NiftiPair, body, nifti_image, roi_mask

nifti = partial(fault, "Masks", "nifti")
nearest = partial(fault, "Masks", "nifti_nearest")


def mask_of(*boxes: tuple[slice, slice, slice]) -> NDArray[np.uint8]:
    """A label map with 1 in boxes."""
    mask = np.zeros(body().shape, np.uint8)
    for box in boxes:
        mask[box] = 1
    return mask


@nifti(refused("MASK_EMPTY"))
def mask_empty(pair: NiftiPair) -> None:
    """The mask has no voxel."""
    pair.mask = nifti_image(mask_of())


@nifti(refused("MASK_TINY"))
def mask_tiny(pair: NiftiPair) -> None:
    """The mask is one voxel."""
    pair.mask = nifti_image(mask_of(np.s_[4:5, 8:9, 8:9]))


@nifti(recovered("MASK_FLAT", twin="other"))
def mask_flat(pair: NiftiPair) -> None:
    """All voxels of the ROI have one value."""
    values = body()
    values[roi_mask()] = 40
    pair.image = nifti_image(values)


@nifti(refused("GEOMETRY"))
def mask_size(pair: NiftiPair) -> None:
    """The mask has fewer voxels than the image."""
    pair.mask = nifti_image(roi_mask()[:, :, :18].astype(np.uint8))


def _moved(pair: NiftiPair, mm: float) -> None:
    affine = pair.mask.affine.copy()
    affine[0, 3] += mm
    pair.mask = nifti_image(roi_mask().astype(np.uint8), affine)


@nifti(refused("GEOMETRY"))
def mask_spacing(pair: NiftiPair) -> None:
    """The mask lies 3 mm beside the image."""
    _moved(pair, 3.0)


@nifti(recovered())
def mask_spacing__rounding(pair: NiftiPair) -> None:
    """The mask lies 0.00005 mm beside the image: a rounding error."""
    _moved(pair, 5e-5)


@nearest(recovered("MASK_REGRIDDED"))
def mask_spacing__nearest(pair: NiftiPair) -> None:
    """The mask is on a finer grid, and the catalog says grid: nearest."""
    affine = pair.mask.affine.copy()
    affine[:3, 2] /= 2
    affine[2, 3] -= 2.5 / 4
    pair.mask = nifti_image(np.repeat(roi_mask().astype(np.uint8), 2, axis=0), affine)


@nifti(refused("LABEL_ABSENT"))
def mask_label255(pair: NiftiPair) -> None:
    """The mask holds 255 and not the label of the catalog."""
    pair.mask = nifti_image(roi_mask().astype(np.uint8) * 255)


@nifti(recovered())
def mask_label255__several(pair: NiftiPair) -> None:
    """The mask holds other labels too."""
    other = mask_of(np.s_[0:2, 4:16, 4:16])
    pair.mask = nifti_image(other * 3 + roi_mask().astype(np.uint8))


@nifti(refused("MASK_VALUES"))
def mask_float(pair: NiftiPair) -> None:
    """The mask holds 0.7."""
    pair.mask = nifti_image(roi_mask().astype(np.float32) * np.float32(0.7))


@nifti(recovered())
def mask_float__whole(pair: NiftiPair) -> None:
    """The mask holds whole numbers as floating point."""
    pair.mask = nifti_image(roi_mask().astype(np.float32))


@nifti(recovered("MASK_MULTI", twin="other"))
def mask_multi(pair: NiftiPair) -> None:
    """The mask has two parts."""
    pair.mask = nifti_image(mask_of(np.s_[1:4, 4:8, 6:12], np.s_[4:7, 12:16, 6:12]))


@nifti(recovered("MASK_BORDER", twin="other"))
def mask_border(pair: NiftiPair) -> None:
    """The mask touches the first slice."""
    pair.mask = nifti_image(mask_of(np.s_[0:4, 6:14, 6:14]))


@nifti(recovered("MASK_BORDER", "MASK_OUTSIDE_BODY", twin="other"))
def mask_outside_body(pair: NiftiPair) -> None:
    """The mask lies in air."""
    values = body()
    values[:, :4] = np.random.default_rng(0).normal(-1000, 4, values[:, :4].shape)
    pair.image, pair.mask = nifti_image(values), nifti_image(mask_of(np.s_[3:7, 0:4, 0:4]))


@nifti(refused("GEOMETRY"))
def mask_swap(pair: NiftiPair) -> None:
    """Axes of the mask are swapped."""
    pair.mask = nifti_image(np.ascontiguousarray(np.swapaxes(roi_mask(), 0, 2)).astype(np.uint8))


@nifti(refused("TOO_MANY_BINS", stage="extract", warned=("DICOM_OVERFLOW",)))
def mask_hot(pair: NiftiPair) -> None:
    """One voxel of the ROI has a value of a thousand million."""
    values = body().astype(np.float32)
    values[4, 8, 8] = 1e9
    pair.image = nifti_image(values)
