"""Resizing in numpy: pixels of a box, wherever it lies, as a picture of another size."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.deep.grid import Span

EDGE = 1e-9  # voxels: a box that ends so little beyond a voxel does not hold it


def resized(pixels: NDArray[np.float32], size: Sequence[int]) -> NDArray[np.float32]:
    """The last axes of an array in another size: bilinear (trilinear), antialiased where it shrinks.

    As torch's `interpolate(mode="bilinear", antialias=True, align_corners=False)`, within 1e-5 for pixels in [0, 1].
    """
    first = pixels.ndim - len(size)
    for axis, new in enumerate(size, first):
        old = pixels.shape[axis]
        if new != old:
            pixels = along(pixels, _triangles(old, old, 0.0, new), axis)
    return np.ascontiguousarray(pixels)


def weights(span: Span, count: int, new: int) -> tuple[slice, NDArray[np.float32]]:
    """Voxels of an axis of `count` that a span shows, and how much each counts in each of `new` pixels: (new, voxels).

    The span may begin and end between voxels and reach beyond the axis: what lies there counts as 0, the window's floor.
    """
    first, last = math.floor(span.start + EDGE), math.ceil(span.stop - EDGE)
    inside = slice(min(max(first, 0), count), max(min(last, count), 0))
    if last - first == new == span.length and first == span.start:
        found = np.eye(new, dtype=np.float32)
    else:
        found = _triangles(last - first, span.length, round(span.start - first, 9), new)
    return inside, found[:, inside.start - first : inside.stop - first]


def _triangles(old: int, length: float, start: float, new: int) -> NDArray[np.float32]:
    """(new, old): triangles as wide as the wider of both pixels, over `length` old pixels from `start`; rows add up to 1."""
    scale = length / new
    centres = start + (np.arange(new) + 0.5) * scale
    near = np.abs(np.arange(old) + 0.5 - centres[:, None]) / max(scale, 1.0)
    found = np.maximum(1.0 - near, 0.0)
    found /= found.sum(axis=1, keepdims=True)
    return found.astype(np.float32)


def along(pixels: NDArray[np.float32], by: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """An axis of an array replaced: sums by weights (new, old)."""
    if axis == pixels.ndim - 1:
        return pixels @ by.T
    if axis == pixels.ndim - 2:
        return by @ pixels
    return np.moveaxis(np.tensordot(by, pixels, (1, axis)), 0, axis)


def between(
    pixels: NDArray[np.float32], places: NDArray[np.float64], axis: int, start: int = 0, count: int | None = None
) -> NDArray[np.float32]:
    """An axis of an array at places in voxels (0 is the centre of the first), linearly between two.

    Up to half a voxel beyond the outermost centres they go on; farther out all is 0, the window's floor. start, count: where the
    array begins on an axis of so many voxels; it holds all that places need.
    """
    count = pixels.shape[axis] if count is None else count
    low, share = beside(places, count)
    if is_outside(places, count).any():
        inside = np.flatnonzero(~is_outside(places, count))
        found = np.zeros((*pixels.shape[:axis], len(places), *pixels.shape[axis + 1 :]), np.float32)
        if len(inside):
            whole = (slice(None),) * axis
            part = slice(int(inside[0]), int(inside[-1]) + 1)
            found[(*whole, part)] = between(pixels, places[part], axis, start, count)
        return found
    if not share.any() and np.array_equal(low, np.arange(low[0], low[0] + len(low))):
        return pixels[(*(slice(None),) * axis, slice(int(low[0]) - start, int(low[0]) - start + len(low)))]
    found = np.take(pixels, low - start, axis)
    if share.any():
        share = share.reshape([-1 if one == axis else 1 for one in range(pixels.ndim)])
        found += share * (np.take(pixels, np.minimum(low + 1 - start, pixels.shape[axis] - 1), axis) - found)
    return found


def beside(places: NDArray[np.float64], count: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The voxel at or below each place, and how much the next one counts; whole voxels but for rounding are whole."""
    places = np.clip(places, 0, count - 1)
    low = np.floor(places + 1e-6).astype(np.intp)
    share = np.round(places - low, 6)  # the same wherever the image was cropped
    return low, np.maximum(share, 0.0).astype(np.float32)


def is_outside(places: NDArray[np.float64], count: int) -> NDArray[np.bool_]:
    """Which places lie beyond an axis of so many voxels."""
    return (places < -0.5 - EDGE) | (places > count - 0.5 + EDGE)
