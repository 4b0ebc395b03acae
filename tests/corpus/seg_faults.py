"""Faults of DICOM segmentations. Each function spoils the SEG of one CT."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.corpus.registry import fault, recovered, refused
from tests.corpus.study import Study, roi_mask, seg_of, uid

seg = partial(fault, "SEG", "seg")


@seg(recovered("SEG_FRACTIONAL"))
def seg_fractional(study: Study) -> None:
    """The segmentation holds shares of voxels: 0.8 in the ROI, 0.3 around it."""
    around = np.roll(roi_mask(), 2, axis=1) | roi_mask()
    study.mask = seg_of(study.slices, {"GTV": np.where(roi_mask(), 0.8, 0.3 * around)}, kind="FRACTIONAL")


@seg(recovered("SEG_FRACTIONAL"))
def seg_fractional__edge(study: Study) -> None:
    """The shares in the ROI are exactly at the threshold, and are stored as a little less."""
    study.mask = seg_of(study.slices, {"GTV": np.where(roi_mask(), 127 / 255, 0.3)}, kind="FRACTIONAL")


@seg(refused("MASK_EMPTY"))
def seg_fractional__low(study: Study) -> None:
    """All shares are below the threshold."""
    study.mask = seg_of(study.slices, {"GTV": 0.3 * roi_mask()}, kind="FRACTIONAL")


@seg(recovered())
def seg_overlap(study: Study) -> None:
    """Two segments overlap."""
    study.mask = seg_of(study.slices, {"Body": np.roll(roi_mask(), 3, axis=2), "GTV": roi_mask()})


@seg(recovered())
def seg_labelmap(study: Study) -> None:
    """The segmentation is a label map."""
    other = np.roll(roi_mask(), 8, axis=2) & ~roi_mask()
    study.mask = seg_of(study.slices, {"Lung": other, "GTV": roi_mask()}, kind="LABELMAP")


@seg(recovered())
def seg_sparse(study: Study) -> None:
    """Empty frames are left out, and the others are not in order."""
    frames = study.mask.PerFrameFunctionalGroupsSequence
    count = study.mask.Rows * study.mask.Columns // 8
    planes = [study.mask.PixelData[i * count : (i + 1) * count] for i in range(len(frames))]
    study.mask.PerFrameFunctionalGroupsSequence = [frames[i] for i in (2, 0, 3, 1)]
    study.mask.PixelData = b"".join(planes[i] for i in (2, 0, 3, 1))


@seg(refused("MASK_EMPTY"))
def seg_empty(study: Study) -> None:
    """No voxel of the segment is set."""
    study.mask = seg_of(study.slices, {"GTV": np.zeros_like(roi_mask())}, keep_empty=True)


@seg(refused("SEG_REF", stage="index"))
def seg_ref(study: Study) -> None:
    """The segmentation refers to images that are not in the series."""
    for item in study.mask.ReferencedSeriesSequence[0].ReferencedInstanceSequence:
        item.ReferencedSOPInstanceUID = uid("another", item.ReferencedSOPInstanceUID)
