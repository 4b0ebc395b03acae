"""LabelVoxels: a label map that was read once, and the mask of any of its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.box import bounding_box
from features.core.quarantine import Rejected, Warned
from features.core.region import Box, Volume
from features.images.formats.volume import read_layers
from features.images.masks.grid import difference, moved

Mask = NDArray[np.bool_]
LISTED = 2**16  # labels below it have their boxes found in one pass; one above it is looked for everywhere


class Layer(NamedTuple):
    """One layer of a label map, cut to the box of what is not 0.

    voxels: whole numbers (z, y, x). start: place of the first of them on the grid. boxes: in it, that of the label 1 first; None
    where a label is not.
    """

    voxels: NDArray[np.generic]
    start: tuple[int, int, int]
    boxes: tuple[Box | None, ...]

    def box(self, label: int) -> Box | None:
        """Where a label may be in `voxels`; None if it is nowhere."""
        if label <= len(self.boxes):
            return self.boxes[label - 1]
        z, y, x = (slice(0, length) for length in self.voxels.shape)
        return (z, y, x) if label > LISTED and np.asarray(self.voxels == label).any() else None


@dataclass(frozen=True, slots=True, eq=False)
class LabelVoxels:
    """The layers of a label map, and where each label lies. A file of 3D Slicer may have several layers, others have one.

    grid: the grid and the warnings of the reader; its array takes no memory.
    """

    grid: Volume
    layers: tuple[Layer, ...]

    def mask(self, labels: Sequence[int]) -> Mask:
        """Where one of the labels is: bool (z, y, x); some of them may be absent. Its cost is that of their boxes.

        Raises Rejected: MASK_EMPTY (no label at all), LABEL_ABSENT (other labels only), LABEL_LAYERS (a label in two layers).
        """
        found = np.zeros(self.grid.array.shape, np.bool_)
        seen = False
        for label in labels:
            there = [(layer, box) for layer in self.layers if (box := layer.box(label)) is not None]
            if len(there) > 1:
                raise Rejected("LABEL_LAYERS", label=label, layers=len(there))
            for layer, box in there:
                z, y, x = (slice(a.start + at, a.stop + at) for a, at in zip(box, layer.start, strict=True))
                found[z, y, x] |= np.asarray(layer.voxels[box] == label)
                seen = True
        if not seen:
            empty = not any(layer.voxels.size for layer in self.layers)
            wanted = labels[0] if len(labels) == 1 else "+".join(map(str, labels))
            raise Rejected("MASK_EMPTY") if empty else Rejected("LABEL_ABSENT", label=wanted)
        return found


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
    empty = np.broadcast_to(np.uint8(0), layers[0].array.shape)
    return LabelVoxels(replace(layers[0], array=empty), tuple(_layer(_whole(layer.array)) for layer in layers))


def _layer(array: NDArray[np.generic]) -> Layer:
    full = np.asarray(array != 0)
    if not full.any():
        return Layer(array[:0, :0, :0], (0, 0, 0), ())
    box = bounding_box(full)
    part = array[box].copy()
    z, y, x = (axis.start for axis in box)
    return Layer(part, (z, y, x), _boxes(part))


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
    highest = min(int(array.max()), LISTED)
    if highest < 1:
        return ()
    signed = array.astype(np.int64) if array.dtype.itemsize == 8 else array
    found: list[Box | None] = ndimage.find_objects(signed, max_label=highest)
    return tuple(found)
