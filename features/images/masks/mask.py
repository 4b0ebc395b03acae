"""read_mask: the mask of a Scan on the grid of its image, whatever format it comes in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.core.case import Scan
from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.dicom.series import frame_of_reference
from features.images.formats.volume import read_layers
from features.images.masks.grid import difference, moved
from features.images.masks.rtstruct import read_rtstruct_mask
from features.images.masks.seg import read_seg_mask


def read_mask(scan: Scan, image: Volume) -> Volume:
    """The mask of a scan: bool (z, y, x) on the image's grid, and what its reader warns of. It may be empty.

    A label map's mask is the voxels that equal the label `scan.roi`. Of an NRRD or MetaImage with several layers (as 3D
    Slicer writes overlapping segments) the layer counts that has the label. With the rule `mask_grid: nearest` a label map
    on another grid gives each voxel of the image its nearest voxel (MASK_REGRIDDED).
    Raises Rejected: GEOMETRY, MASK_VALUES, MASK_EMPTY (no label at all), LABEL_ABSENT (other labels only), LABEL_LAYERS,
    and the codes of `read_rtstruct_mask`, `read_seg_mask` and `read_volume`.
    """
    path = scan.mask.paths[0]
    if scan.mask.format not in ("rtstruct", "seg"):
        mask, warnings = _label_mask(path, image, int(scan.roi), regrid=scan.rule.mask_grid == "nearest")
    else:
        frame = frame_of_reference(scan.image.paths[0]) if scan.image.format == "dicom" else ""
        read = read_rtstruct_mask if scan.mask.format == "rtstruct" else read_seg_mask
        mask, warnings = read(path, image, scan.roi, rule=scan.rule, frame_of_reference=frame)
    return replace(image, array=mask, facts={}, warnings=warnings, padding=None)


def _label_mask(path: Path, image: Volume, label: int, *, regrid: bool) -> tuple[NDArray[np.bool_], tuple[Warned, ...]]:
    """Voxels of one label."""
    layers = list(read_layers(path))
    labels = layers[0]
    told = tuple(one for one in labels.warnings if one not in image.warnings)
    if not labels.matches(image) and not (regrid and "bare" not in (labels.plane, image.plane)):
        raise Rejected("GEOMETRY", f"image and mask have different grids: {difference(labels, image)}")
    masks = [_voxels(layer.array, label) for layer in layers]
    found = [mask for mask in masks if mask.any()]
    if not found:
        empty = not any(layer.array.any() for layer in layers)
        raise Rejected("MASK_EMPTY") if empty else Rejected("LABEL_ABSENT", label=label)
    if len(found) > 1:
        raise Rejected("LABEL_LAYERS", label=label, layers=len(found))
    if labels.matches(image):
        return found[0], told
    mask, warned = moved(found[0], labels, image)
    return mask, (*told, warned)


def _voxels(array: NDArray[np.generic], label: int) -> NDArray[np.bool_]:
    """Voxels that equal a label. Raises Rejected(MASK_VALUES) if a value is not whole within 1e-6."""
    if array.dtype.kind != "f":
        return np.asarray(array == label)
    values = array.astype(np.float64)
    whole = np.rint(values)
    if not (np.abs(values - whole) <= 1e-6).all():
        raise Rejected("MASK_VALUES")
    return np.asarray(whole == label)
