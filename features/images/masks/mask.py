"""read_mask: the mask of a Scan on the grid of its image, whatever format it comes in."""

from __future__ import annotations

from dataclasses import replace

from features.core.case import Scan
from features.core.region import Volume
from features.images.dicom.series import frame_of_reference
from features.images.masks.label_voxels import labels_of_text, mask_on_image, read_label_voxels
from features.images.masks.rtstruct import read_rtstruct_mask
from features.images.masks.seg import read_seg_mask


def read_mask(scan: Scan, image: Volume) -> Volume:
    """The mask of a scan: bool (z, y, x) on the image's grid, and what its reader warns of. It may be empty.

    A label map's mask is the voxels that equal the label `scan.roi`, or one of several (`1+4`). Of an NRRD or MetaImage
    with several layers (as 3D Slicer writes overlapping segments) the layer counts that has the label. With the rule
    `mask_grid: nearest` a label map on another grid gives each voxel of the image its nearest voxel (MASK_REGRIDDED).
    Raises Rejected: GEOMETRY, MASK_VALUES, MASK_EMPTY (no label at all), LABEL_ABSENT (other labels only), LABEL_LAYERS,
    and the codes of `read_rtstruct_mask`, `read_seg_mask` and `read_volume`.
    """
    path = scan.mask.paths[0]
    if scan.mask.format not in ("rtstruct", "seg"):
        regrid = scan.rule.mask_grid == "nearest"
        mask, warnings = mask_on_image(read_label_voxels(path), image, labels_of_text(scan.roi), regrid=regrid)
    else:
        frame = frame_of_reference(scan.image.paths[0]) if scan.image.format == "dicom" else ""
        read = read_rtstruct_mask if scan.mask.format == "rtstruct" else read_seg_mask
        mask, warnings = read(path, image, scan.roi, rule=scan.rule, frame_of_reference=frame)
    return replace(image, array=mask, facts={}, warnings=warnings, padding=None)
