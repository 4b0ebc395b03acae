"""LabelVoxels: a label map that was read once, and the mask of any of its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.quarantine import Rejected, Warned
from features.core.region import Box, Volume
from features.images.formats.volume import read_layers
from features.images.masks.grid import difference, moved

Mask = NDArray[np.bool_]
LISTED = 2**16  # labels below it have their boxes found in one pass; one above it is looked for everywhere


@dataclass(frozen=True, slots=True, eq=False)
class LabelVoxels:
    """The layers of a label map, and where each label lies. A file of 3D Slicer may have several layers, others have one.

    layers: whole numbers (z, y, x). boxes: of each layer, that of the label 1 first; None where a label is not.
    """

    layers: tuple[Volume, ...]
    boxes: tuple[tuple[Box | None, ...], ...]

    @property
    def grid(self) -> Volume:
        """The grid, and the warnings of the reader."""
        return self.layers[0]

    def mask(self, labels: Sequence[int]) -> Mask:
        """Where one of the labels is: bool (z, y, x); some of them may be absent. Its cost is that of their boxes.

        Raises Rejected: MASK_EMPTY (no label at all), LABEL_ABSENT (other labels only), LABEL_LAYERS (a label in two layers).
        """
        found = np.zeros(self.grid.array.shape, np.bool_)
        seen = False
        for label in labels:
            places = [(layer.array, self._box(layer.array, boxes, label)) for layer, boxes in self._pairs()]
            there = [(array, box) for array, box in places if box is not None]
            if len(there) > 1:
                raise Rejected("LABEL_LAYERS", label=label, layers=len(there))
            for array, box in there:
                found[box] |= np.asarray(array[box] == label)
                seen = True
        if not seen:
            empty = not any(layer.array.any() for layer in self.layers)
            wanted = labels[0] if len(labels) == 1 else "+".join(map(str, labels))
            raise Rejected("MASK_EMPTY") if empty else Rejected("LABEL_ABSENT", label=wanted)
        return found

    def _pairs(self) -> zip[tuple[Volume, tuple[Box | None, ...]]]:
        return zip(self.layers, self.boxes, strict=True)

    @staticmethod
    def _box(array: NDArray[np.generic], boxes: Sequence[Box | None], label: int) -> Box | None:
        if label <= len(boxes):
            return boxes[label - 1]
        whole = slice(0, array.shape[0]), slice(0, array.shape[1]), slice(0, array.shape[2])
        return whole if label > LISTED and np.asarray(array == label).any() else None


def labels_of_text(roi: str) -> tuple[int, ...]:
    """The labels of a scan's `roi`.

    >>> labels_of_text("1+4")
    (1, 4)
    """
    return tuple(int(label) for label in roi.split("+"))


def mask_on_image(
    found: LabelVoxels, image: Volume, labels: Sequence[int], *, regrid: bool = False
) -> tuple[Mask, tuple[Warned, ...]]:
    """Where one of the labels is, on the image's grid, and what is to be said of it. `regrid`: of another grid, the nearest
    voxels are taken (MASK_REGRIDDED).

    Raises Rejected: GEOMETRY (another grid, or a region that leaves the image), and those of `LabelVoxels.mask`.
    """
    grid = found.grid
    told = tuple(one for one in grid.warnings if one not in image.warnings)
    same = grid.matches(image)
    if not same and not (regrid and "bare" not in (grid.plane, image.plane)):
        raise Rejected("GEOMETRY", f"image and mask have different grids: {difference(grid, image)}")
    mask = found.mask(labels)
    if same:
        return mask, told
    mask, warned = moved(mask, grid, image)
    return mask, (*told, warned)


def read_label_voxels(path: Path) -> LabelVoxels:
    """The label map of a file, opened once. Raises Rejected: MASK_VALUES (a value is not whole within 1e-6), and the codes of
    `read_volume`."""
    return label_voxels_of(read_layers(path))


def label_voxels_of(layers: Sequence[Volume]) -> LabelVoxels:
    """Layers that were read, as a label map. Raises Rejected(MASK_VALUES)."""
    whole = tuple(replace(layer, array=_whole(layer.array)) for layer in layers)
    return LabelVoxels(whole, tuple(_boxes(layer.array) for layer in whole))


def _whole(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """The numbers of an array as integers. Raises Rejected(MASK_VALUES) if one is not whole within 1e-6."""
    if array.dtype.kind != "f":
        return array
    with np.errstate(invalid="ignore"):
        whole = np.rint(array)
        if not (np.abs(array - whole) <= 1e-6).all():
            raise Rejected("MASK_VALUES")
    lowest, highest = (float(whole.min()), float(whole.max())) if whole.size else (0.0, 0.0)
    if not -(2**53) <= lowest <= highest <= 2**53:
        raise Rejected("MASK_VALUES")
    return np.asarray(whole.astype(np.int32 if -(2**31) <= lowest <= highest < 2**31 else np.int64))


def _boxes(array: NDArray[np.generic]) -> tuple[Box | None, ...]:
    highest = min(int(array.max()), LISTED) if array.size else 0
    if highest < 1:
        return ()
    signed = array.astype(np.int64) if array.dtype.itemsize == 8 else array
    found: list[Box | None] = ndimage.find_objects(signed, max_label=highest)
    return tuple(found)
