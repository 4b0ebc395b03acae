"""draw_thumbnail: a small picture of the slice where the ROIs of an image are largest, with their contours."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.box import bounding_box
from features.core.case import Modality
from features.core.region import Box, Region, Volume

SIDE = 128  # pixels of the longer side
LEVELS = 64  # of grey: fewer than an eye tells apart at this size, and half the bytes
CONTOUR = (255, 106, 0)
# The contours of further ROIs; they are told apart on grey, and by people who see red and green alike.
CONTOURS = (CONTOUR, (86, 180, 233), (240, 228, 66), (0, 200, 140), (225, 120, 190), (150, 130, 255))
OTHERS = (235, 235, 235)  # contours of all ROIs after these
MOST = 255 - LEVELS  # ROIs of an image that are drawn
FIELD_MM, FIELD_ROIS = 100.0, 3.0  # the least side of what is shown, and how many times the ROI at least
LUNG, SOFT = (-1250.0, 250.0), (-160.0, 240.0)  # CT windows, HU
LUNG_HU, LUNG_SHARE = (-950.0, -500.0), 0.15  # what lung has, and how much of the picture it is where it counts as lung


class Sketch:
    """What a thumbnail needs of an image and its ROIs; of a mask it keeps the box that holds it alone."""

    def __init__(self) -> None:
        self._volume: Volume | None = None
        self._outlines: dict[str, tuple[Box, NDArray[np.bool_]]] = {}

    @property
    def rois(self) -> tuple[str, ...]:
        """Words of the ROIs, in the order of their colours: sorted, whichever was added first."""
        return tuple(sorted(self._outlines))[:MOST]

    def add(self, roi: str, region: Region) -> None:
        """Take a ROI of the image by its word; all are on one grid. Raises ValueError if it is empty."""
        self._volume = self._volume or region.volume
        box = bounding_box(region.mask)
        self._outlines[roi] = box, region.mask[box].copy()

    def draw(self, modality: Modality) -> bytes:
        """The picture, as `draw_thumbnail` describes it, of the first 191 ROIs. Raises ValueError if there is none."""
        volume, outlines = self._volume, [self._outlines[roi] for roi in self.rois]
        if volume is None or not outlines:
            raise ValueError("a picture needs a region")
        depth, *size = volume.array.shape
        areas = np.zeros((len(outlines), depth), np.int64)
        for area, (box, mask) in zip(areas, outlines, strict=True):
            area[box[0]] = np.count_nonzero(mask, axis=(1, 2))
        k = int(np.argmax((areas / areas.max(axis=1, keepdims=True)).sum(axis=0)))
        planes = []
        for (z, y, x), mask in outlines:
            planes.append(np.zeros(size, bool))
            if z.start <= k < z.stop:
                planes[-1][y, x] = mask[k - z.start]
        whole = [mask.shape == volume.array.shape and bool(mask.all()) for _, mask in outlines]
        image = np.asarray(volume.array[k], np.float64)
        image = image if volume.padding is None else np.where(volume.padding[k], np.nan, image)
        return encode_png(_as_seen(_drawn(image, planes, whole, volume, modality), volume), len(planes))


def draw_thumbnail(regions: Iterable[Region], modality: Modality) -> bytes:
    """A PNG of up to 128 × 128 pixels: the slice with most of the ROIs of an image, cut to their surroundings.

    regions: of one image, on one grid. Of several, each counts alike, by the share of its largest area that is in the slice.
    Seen as a radiologist does: the patient's left on the right, anterior and superior above. CT stands in a lung or a
    soft-tissue window (whichever suits the ROIs), PET from 0 to what they have, dark is high; others from the 1st to
    the 99th percentile. Voxels that are no number or padding are black. A contour is one pixel wide, inside its ROI; those of
    smaller ROIs lie above those of larger ones, that of the whole image is left out. The colour is that of the place among
    `regions`: `recoloured` gives others.
    """
    sketch = Sketch()
    for i, region in enumerate(regions):
        sketch.add(f"{i:06d}", region)
    return sketch.draw(modality)


def _drawn(
    image: NDArray[np.float64],
    planes: Sequence[NDArray[np.bool_]],
    whole: Sequence[bool],
    volume: Volume,
    modality: Modality,
) -> NDArray[np.uint8]:
    """Palette indices of a slice with the contours of ROIs in it. whole: which of them are the whole image."""
    union = np.logical_or.reduce(planes)
    rows, columns = _field(union, volume.spacing_mm[1], volume.spacing_mm[0])
    low, high = _window(image[rows, columns], image[union], modality)
    grey = (np.nan_to_num(image[rows, columns], nan=low, posinf=high, neginf=low) - low) / (high - low)
    grey = np.clip(1.0 - grey if modality == "PT" else grey, 0.0, 1.0)
    height, width = grey.shape[0] * volume.spacing_mm[1], grey.shape[1] * volume.spacing_mm[0]
    scale = SIDE / max(height, width)
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    shown = np.rint(_resized(grey, shape) * (LEVELS - 1)).astype(np.uint8)
    for i in sorted(range(len(planes)), key=lambda i: -np.count_nonzero(planes[i])):
        if planes[i].any() and not whole[i]:
            shown[_edge(planes[i][rows, columns], shape)] = LEVELS + i
    return shown


def recoloured(png: bytes, colours: Sequence[tuple[int, int, int]]) -> bytes:
    """A picture of `draw_thumbnail` with other colours of its contours, in the order of its regions."""
    at = png.index(b"PLTE")
    length = struct.unpack(">I", png[at - 4 : at])[0]
    palette = bytearray(png[at + 4 : at + 4 + length])
    own = bytes(value for colour in colours for value in colour)[: length - 3 * LEVELS]
    palette[3 * LEVELS : 3 * LEVELS + len(own)] = own
    return png[: at - 4] + _chunk(b"PLTE", bytes(palette)) + png[at + 8 + length :]


def _edge(mask: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The pixels along the inside of a mask that is brought to the size of the picture."""
    share = _resized(mask.astype(np.float64), shape)
    inside = share >= min(0.5, share.max())
    return np.asarray(inside & ~ndimage.binary_erosion(inside), np.bool_)


def _field(mask: NDArray[np.bool_], row_mm: float, column_mm: float) -> tuple[slice, slice]:
    """Rows and columns of a square round the ROI, as far as the image goes."""
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    steps = row_mm, column_mm
    extent = max((axis.stop - axis.start) * step for axis, step in zip(box, steps, strict=True))
    side = max(FIELD_MM, FIELD_ROIS * extent)
    found = []
    for axis, step, length in zip(box, steps, mask.shape, strict=True):
        count = min(length, max(1, round(side / step)))
        start = min(max(0, (axis.start + axis.stop - count) // 2), length - count)
        found.append(slice(start, start + count))
    return found[0], found[1]


def _window(image: NDArray[np.float64], roi: NDArray[np.float64], modality: Modality) -> tuple[float, float]:
    """The intensities that are shown as black and as white, the second above the first."""
    roi, image = roi[np.isfinite(roi)], image[np.isfinite(image)]
    if modality == "CT" and roi.size:
        share = np.mean((image > LUNG_HU[0]) & (image < LUNG_HU[1]))
        return LUNG if share > LUNG_SHARE or np.median(roi) < -300 else SOFT
    if not image.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(image, [1, 99]))
    if modality == "PT":
        low, high = 0.0, float(np.percentile(roi, 95)) if roi.size else high
    return (low, high) if high > low else (low, low + 1.0)


def _resized(image: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """An image of another size: means over areas where it shrinks, linear between voxels where it grows."""
    rows, columns = (_weights(old, new) for old, new in zip(image.shape, shape, strict=True))
    return np.asarray(rows @ image @ columns.T)


def _weights(old: int, new: int) -> NDArray[np.float64]:
    """How much each of the old voxels along an axis gives to each of the new, (new, old)."""
    edges = np.linspace(0.0, old, new + 1)
    if new > old:
        places = np.clip((edges[:-1] + edges[1:]) / 2 - 0.5, 0, old - 1)
        return np.asarray(np.clip(1.0 - np.abs(places[:, None] - np.arange(old)), 0.0, None))
    voxels = np.arange(old)
    overlap = np.minimum(edges[1:, None], voxels + 1) - np.maximum(edges[:-1, None], voxels)
    return np.asarray(np.clip(overlap, 0.0, None) * new / old)


def _as_seen(shown: NDArray[np.uint8], volume: Volume) -> NDArray[np.uint8]:
    """Rows and columns turned so that they run to the patient's posterior, inferior or left."""
    axes = np.array(volume.direction).reshape(3, 3)
    row, column = axes[:, 1], axes[:, 0]  # what a step to the next row, to the next column does in patient coordinates
    names = [int(np.argmax(np.abs(axis))) for axis in (row, column)]
    if names[0] < names[1]:  # rows run along x, or along y beside z: the axes stand the other way round
        shown, row, column, names = shown.T, column, row, names[::-1]
    for place, (axis, name) in enumerate(zip((row, column), names, strict=True)):
        if (axis[name] < 0) != (name == 2):
            shown = np.flip(shown, place)
    return shown


def encode_png(shown: NDArray[np.uint8], contours: int) -> bytes:
    """A PNG of palette indices: greys, then the colours of contours."""
    greys = [(level,) * 3 for level in np.linspace(0, 255, LEVELS).round().astype(int).tolist()]
    colours = [*CONTOURS, *[OTHERS] * contours][:contours]
    palette = bytes(value for colour in (*greys, *colours) for value in colour)
    height, width = shown.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), shown], axis=1).tobytes()  # each line unfiltered
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", palette),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
