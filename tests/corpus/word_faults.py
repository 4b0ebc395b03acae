"""Faults of what has words: regions of a label map, readers, images. Each function spoils a case in memory."""

from __future__ import annotations

from functools import partial

import numpy as np

from tests.corpus.registry import fault, recovered, refused
from tests.corpus.study import NiftiPair, Pair, nifti_image, roi_mask
from tests.corpus.words import Files, layers_bytes, regions_map

rois = partial(fault, "Words", "rois")
rois_absent = partial(fault, "Words", "rois_absent")
layers = partial(fault, "Words", "layers")
readers = partial(fault, "Words", "readers")
words = partial(fault, "Words", "words")


def _without_node(pair: NiftiPair) -> None:
    labels = regions_map()
    labels[labels == 2] = 0
    pair.mask = nifti_image(labels)


@rois_absent(recovered("ROI_ABSENT"))
def roi_absent(pair: NiftiPair) -> None:
    """One of two regions has no voxel, and the catalog says absent: ignore."""
    _without_node(pair)


@rois(refused("LABEL_ABSENT", used=1))
def roi_absent__reject(pair: NiftiPair) -> None:
    """One of two regions has no voxel."""
    _without_node(pair)


@rois(recovered(used=2))
def roi_absent__unknown(pair: NiftiPair) -> None:
    """The label map has a label that no region names."""
    labels = regions_map()
    labels[0, :3, :3] = 9
    pair.mask = nifti_image(labels)


@layers(refused("ROI_OVERLAP", "ROI_OVERLAP"))
def roi_overlap(pair: Pair) -> None:
    """Two regions share voxels, and the catalog says overlap: reject."""
    pair.files["mask.nrrd"] = layers_bytes(regions_map(), second_from=12)


@readers(refused("index READERS_FEW", warned=("ROI_ABSENT", "ROI_ABSENT"), used=1))
def readers_few(case: Files) -> None:
    """One of three readers drew the region."""
    del case.arrays["ben"], case.arrays["cora"]


@readers(refused("READERS_FEW", "LABEL_ABSENT", "LABEL_ABSENT", used=1))
def readers_few__label(case: Files) -> None:
    """Two of three readers used another label."""
    for name in ("ben", "cora"):
        case.arrays[name] = case.arrays[name] * np.uint8(7)


@readers(recovered("READERS_FEWER", "ROI_ABSENT", used=3))
def readers_fewer(case: Files) -> None:
    """Two of three readers drew the region."""
    del case.arrays["cora"]


@words(recovered("IMAGE_ABSENT"))
def image_absent(case: Files) -> None:
    """The case lacks one of two images that the catalog declares by words."""
    del case.arrays["venous"]


@words(refused("index IMAGE_MISSING", "index IMAGE_MISSING"))
def image_absent__all(case: Files) -> None:
    """The case has a mask and neither image."""
    case.arrays = {"mask": roi_mask().astype(np.uint8)}
