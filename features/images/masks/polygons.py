"""fill_contours: closed polygons of many slices as one mask, by the rule of centres; holes stay open, overlaps do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected

Polygon = NDArray[np.float64]  # (n, 2): continuous indices x, y
CONTAINED = 0.98  # of a polygon's area inside another one: a contour inside it, be it drawn a hair across its edge
_SAMPLES = 64  # per axis, by which areas are compared
_BATCH = 1024  # pairs at once
MOST_CONTOURS, MOST_PAIRS = 2_000, 100_000  # of a slice; of a ROI: a minute


class Pair(NamedTuple):
    """Two polygons of a slice: the smaller and the larger, the share of the smaller inside the larger, are they the same."""

    small: int
    large: int
    share: float
    same: bool

    @property
    def crosses(self) -> bool:
        """Whether any part of the smaller sticks out of the larger, or they are the same: not for the even-odd rule."""
        return 0 < self.share < 1 or self.same

    @property
    def overlaps(self) -> bool:
        """Whether one covers a part of the other and neither is a hole in it."""
        return 0 < self.share < CONTAINED or self.same


def fill_contours(by_slice: Mapping[int, Sequence[Polygon]], shape: Sequence[int]) -> tuple[NDArray[np.bool_], int]:
    """A mask of `shape` (z, y, x), and the number of slices with contours of which one partly covers another.

    A contour inside another one is a hole, one inside a hole an island, and so on: the even-odd rule of `fill_slices`.
    Contours that partly cover each other, or are the same one twice, are united: to toggle them would cut their common
    part out of the ROI. Decided by areas of the polygons, so that no grid and no shared edge matters.
    Raises Rejected(RT_HUGE) if so many contours of a slice lie over each other that comparing them takes minutes.
    """
    pairs = _pairs(by_slice)
    crossing = {k for k, found in pairs.items() if any(pair.crosses for pair in found)}
    mask = fill_slices({k: polygons for k, polygons in by_slice.items() if k not in crossing}, shape)
    for k in crossing:
        mask[k] = _united(by_slice[k], pairs[k], shape)
    return mask, sum(any(pair.overlaps for pair in found) for found in pairs.values())


def fill_slices(by_slice: Mapping[int, Sequence[Polygon]], shape: Sequence[int]) -> NDArray[np.bool_]:
    """Even-odd fill (z, y, x) of the closed polygons of each slice: a voxel is in if an odd number of them hold its centre.

    A centre exactly on an edge belongs to the polygon on its right (towards +x) or, on a horizontal edge, below
    (towards +y): an edge from y0 to y1 crosses the rows with min <= row < max, and a crossing at x toggles the voxels
    with index >= x.
    """
    mask = np.zeros(tuple(shape), dtype=np.uint8)
    polygons = [polygon for found in by_slice.values() for polygon in found]
    if not polygons:
        return mask.view(np.bool_)
    height, width = mask.shape[1:]
    slices = np.repeat(list(by_slice), [sum(map(len, found)) for found in by_slice.values()])
    lengths = np.array([len(polygon) for polygon in polygons])
    last = np.cumsum(lengths) - 1
    following = np.arange(1, last[-1] + 2)
    following[last] = last + 1 - lengths
    start = np.concatenate(polygons)
    end = start[following]
    falls = (start[:, 1] <= end[:, 1])[:, None]  # so that a shared edge gives one crossing
    upper, lower = np.where(falls, start, end), np.where(falls, end, start)
    first = np.clip(np.ceil(upper[:, 1]), 0, height).astype(np.int64)
    count = np.clip(np.ceil(lower[:, 1]), 0, height).astype(np.int64) - first
    edge = np.repeat(np.arange(len(start)), count)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    high = upper[edge]
    x = high[:, 0] + (row - high[:, 1]) * (lower[edge, 0] - high[:, 0]) / (lower[edge, 1] - high[:, 1])
    column = np.clip(np.ceil(x), 0, width).astype(np.int64)
    inside = column < width
    edge, row, column = edge[inside], row[inside], column[inside]
    if len(edge):
        np.bitwise_xor.at(mask.reshape(-1), (slices[edge] * height + row) * width + column, np.uint8(1))
        box = slice(row.min(), row.max() + 1), slice(column.min(), column.max() + 1)
        right = int(np.clip(np.ceil(start[:, 0].max()), 0, width))  # beyond it all toggles are even
        box = box[0], slice(box[1].start, max(right, box[1].stop))
        for k in by_slice:
            part = mask[k][box]
            np.bitwise_xor.accumulate(part, axis=1, out=part)
    return mask.view(np.bool_)


def area(polygon: Polygon) -> float:
    """Area of a polygon that does not cross itself."""
    if len(polygon) < 3:
        return 0.0
    x, y = (polygon - polygon[0]).T  # small numbers keep the digits
    return float(abs(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2)


def share_outside(polygon: Polygon, width: int, height: int) -> float:
    """Share of a polygon's area outside the image, whose voxels reach half an index beyond their centres."""
    bounds = ((0, -0.5, 1), (0, width - 0.5, -1), (1, -0.5, 1), (1, height - 0.5, -1))
    if all((sign * (polygon[:, axis] - bound) >= 0).all() for axis, bound, sign in bounds):
        return 0.0
    whole = area(polygon)
    if whole == 0:
        return 1.0
    kept = polygon
    for axis, bound, sign in bounds:
        kept = _clip(kept, axis, bound, sign)
    return 1.0 - area(kept) / whole


def _clip(polygon: Polygon, axis: int, bound: float, sign: int) -> Polygon:
    """The part of a polygon on one side of a line (Sutherland and Hodgman)."""
    kept: list[Polygon] = []
    for here, there in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        inside, next_inside = sign * (here[axis] - bound) >= 0, sign * (there[axis] - bound) >= 0
        if inside:
            kept.append(here)
        if inside != next_inside:
            kept.append(here + (there - here) * (bound - here[axis]) / (there[axis] - here[axis]))
    return np.array(kept, dtype=np.float64).reshape(-1, 2)


def _pairs(by_slice: Mapping[int, Sequence[Polygon]]) -> dict[int, list[Pair]]:
    """The pairs of polygons of each slice whose boxes meet, by shrinking size of the larger one."""
    if max(map(len, by_slice.values()), default=0) > MOST_CONTOURS:
        raise Rejected("RT_HUGE", f"a slice of the ROI has more than {MOST_CONTOURS} contours")
    meeting = [(k, *pair) for k, polygons in by_slice.items() if len(polygons) > 1 for pair in _meeting(polygons)]
    if len(meeting) > MOST_PAIRS:
        raise Rejected("RT_HUGE", f"more than {MOST_PAIRS} pairs of contours of the ROI lie over each other")
    pairs: dict[int, list[Pair]] = {}
    for first in range(0, len(meeting), _BATCH):
        batch = meeting[first : first + _BATCH]
        lattice: dict[int, list[Polygon]] = {}
        for n, (k, small, large) in enumerate(batch):
            low = by_slice[k][small].min(axis=0)
            scale = _SAMPLES / (by_slice[k][small].max(axis=0) - low)
            lattice[2 * n] = [(by_slice[k][small] - low) * scale - 0.5]
            lattice[2 * n + 1] = [(by_slice[k][large] - low) * scale - 0.5]
        filled = fill_slices(lattice, (len(lattice), _SAMPLES, _SAMPLES))
        own = filled[::2].sum(axis=(1, 2))
        shares = (filled[::2] & filled[1::2]).sum(axis=(1, 2)) / np.maximum(own, 1)
        for (k, small, large), share in zip(batch, shares, strict=True):
            same = share >= CONTAINED and area(by_slice[k][small]) >= CONTAINED * area(by_slice[k][large])
            pairs.setdefault(k, []).append(Pair(small, large, float(share), bool(same)))
    return pairs


def _meeting(polygons: Sequence[Polygon]) -> list[tuple[int, int]]:
    """The smaller and the larger of each two polygons whose boxes meet; the larger ones come first."""
    low = np.array([polygon.min(axis=0) for polygon in polygons])
    high = np.array([polygon.max(axis=0) for polygon in polygons])
    order = np.argsort([-area(polygon) for polygon in polygons], kind="stable")
    low, high = low[order], high[order]
    meet = ((low[:, None] < high[None]) & (low[None] < high[:, None])).all(axis=2)
    return [(int(order[small]), int(order[large])) for small, large in np.argwhere(np.tril(meet, -1))]


def _united(polygons: Sequence[Polygon], pairs: Sequence[Pair], shape: Sequence[int]) -> NDArray[np.bool_]:
    """The union of the islands less the holes in them: every polygon lies one level below the smallest that contains it."""
    level = dict.fromkeys(range(len(polygons)), 0)
    for pair in pairs:
        if pair.share >= CONTAINED and not pair.same:
            level[pair.small] = level[pair.large] + 1
    mask = np.zeros(tuple(shape[1:]), dtype=np.bool_)
    for n in sorted(level, key=lambda n: level[n]):
        inside = fill_slices({0: [polygons[n]]}, (1, *shape[1:]))[0]
        mask = mask & ~inside if level[n] % 2 else mask | inside
    return mask
