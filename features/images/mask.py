"""read_mask: the mask of a Scan on the grid of its image, whatever format it comes in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from features.core.case import Scan
from features.core.quarantine import Rejected
from features.core.region import Volume
from features.images.dicom import frame_of_reference
from features.images.rtstruct import read_rtstruct_mask
from features.images.seg import read_seg_mask
from features.images.volume import read_volume


def read_mask(scan: Scan, image: Volume) -> Volume:
    """The mask of a scan: bool (z, y, x) on the image's grid, and what its reader warns of. It may be empty.

    A label map's mask is the voxels that equal the label `scan.roi`.
    Raises Rejected: GEOMETRY, MASK_VALUES, and the codes of `read_rtstruct_mask`, `read_seg_mask` and `read_volume`.
    """
    path = scan.mask.paths[0]
    if scan.mask.format not in ("rtstruct", "seg"):
        return replace(image, array=_label_mask(read_volume(path), image, int(scan.roi)), facts={}, warnings=())
    frame = frame_of_reference(scan.image.paths[0]) if scan.image.format == "dicom" else ""
    read = read_rtstruct_mask if scan.mask.format == "rtstruct" else read_seg_mask
    return replace(image, array=read(path, image, scan.roi, frame_of_reference=frame), facts={}, warnings=())


def _label_mask(labels: Volume, image: Volume, label: int) -> NDArray[np.bool_]:
    """Voxels of one label. Raises Rejected: GEOMETRY, MASK_VALUES (a value is not whole within 1e-6)."""
    if not labels.matches(image):
        raise Rejected("GEOMETRY")
    array = labels.array
    if array.dtype.kind == "f":
        values = array.astype(np.float64)
        whole = np.rint(values)
        if not (np.abs(values - whole) <= 1e-6).all():
            raise Rejected("MASK_VALUES")
        return np.asarray(whole == label)
    return np.asarray(array == label)
