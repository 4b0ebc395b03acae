"""mesh: one pass over a mask gives its marching cubes, its moments and its outline; diameters come from the outline."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Spacing = tuple[float, float, float]


class Survey(NamedTuple):
    """What the pass over a mask (padded by a voxel) finds; places are voxels of the padded mask, (z, y, x).

    tallies: int64 (256, 4), cubes of each case and the sums of z, y and x of their first corners. moments: int64 (10),
    number of voxels and sums of z, y, x, zz, yy, xx, zy, zx and yx. rows: int32 (2, 2 Z, 2 Y), least and greatest x of
    the vertices at each (z, y), and columns: (2, 2 Z, 2 X), least and greatest y at each (z, x), all in half voxels; where
    there is no vertex the least is above the greatest.
    """

    tallies: NDArray[np.int64]
    moments: NDArray[np.int64]
    rows: NDArray[np.int32]
    columns: NDArray[np.int32]


def survey(mask: NDArray[np.bool_]) -> Survey:
    """The survey of a mask on its bounding box (z, y, x)."""
    padded = np.zeros(tuple(size + 2 for size in mask.shape), np.uint8)
    padded[1:-1, 1:-1, 1:-1] = mask
    return Survey(*_survey(padded))


def covariance(moments: NDArray[np.int64], spacing: Spacing) -> NDArray[np.float64]:
    """Covariance (3, 3) of the places of the voxels in mm², divided by their number; free of cancellation."""
    n, z, y, x, zz, yy, xx, zy, zx, yx = (int(value) for value in moments)  # Python's integers do not overflow
    first, second = (z, y, x), ((zz, zy, zx), (zy, yy, yx), (zx, yx, xx))
    exact = [[(n * second[i][j] - first[i] * first[j]) / n**2 for j in range(3)] for i in range(3)]
    return np.array(exact) * np.outer(spacing, spacing)


def variances(matrix: NDArray[np.float64]) -> list[float]:
    """Eigenvalues of a covariance from the least to the greatest; what is only rounding is 0."""
    values = np.linalg.eigvalsh(matrix)
    return [float(value) if value > 1e-14 * values[-1] else 0.0 for value in values]


def plane_diameters(found: Survey, spacing: Spacing) -> tuple[float, float, float]:
    """Largest distance in mm of two vertices in one plane across z, y and x."""
    z, y, x = (size / 2 for size in spacing)
    low, high = found.rows
    across_z, _ = _planes(low, high, y, x)
    across_y, _ = _planes(np.ascontiguousarray(low.T), np.ascontiguousarray(high.T), z, x)
    low, high = found.columns
    across_x, _ = _planes(np.ascontiguousarray(low.T), np.ascontiguousarray(high.T), z, y)
    return across_z, across_y, across_x


def diameter(found: Survey, spacing: Spacing) -> float:
    """Largest distance in mm of two vertices: both ends are corners of the hulls of their slices."""
    _, corners = _planes(*found.rows, spacing[1] / 2, spacing[2] / 2)
    return float(_widest(corners * (np.array(spacing) / 2)))


@njit(cache=True)
def _survey(
    mask: NDArray[np.uint8],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    depth, height, width = mask.shape
    tallies, moments = np.zeros((256, 4), np.int64), np.zeros(10, np.int64)
    rows = np.full((2, 2 * depth, 2 * height), -1, np.int32)
    columns = np.full((2, 2 * depth, 2 * width), -1, np.int32)
    rows[0], columns[0] = 2 * width, 2 * height
    for z in range(depth - 1):
        for y in range(height - 1):
            a, b, c, d = mask[z, y], mask[z, y + 1], mask[z + 1, y], mask[z + 1, y + 1]
            count = along = squares = 0
            left = 0
            for x in range(width - 1):
                right = a[x + 1] + 4 * b[x + 1] + 16 * c[x + 1] + 64 * d[x + 1]
                case = left + 2 * right
                left = right
                if case in (0, 255):
                    continue
                tallies[case, 0] += 1
                tallies[case, 1] += z
                tallies[case, 2] += y
                tallies[case, 3] += x
                inside = case & 1
                other = case ^ 255 if inside else case  # a bit of it: that corner differs from the first one
                if other & 2:
                    _reach(rows, columns, 2 * z, 2 * y, 2 * x + 1)
                    sign = 1 if inside else -1  # sums over a run of voxels are differences of sums up to its ends
                    count += sign * (x + 1)
                    along += sign * (x * (x + 1) // 2)
                    squares += sign * (x * (x + 1) * (2 * x + 1) // 6)
                if other & 4:
                    _reach(rows, columns, 2 * z, 2 * y + 1, 2 * x)
                if other & 16:
                    _reach(rows, columns, 2 * z + 1, 2 * y, 2 * x)
            if count:
                moments[0] += count
                moments[1] += count * z
                moments[2] += count * y
                moments[3] += along
                moments[4] += count * z * z
                moments[5] += count * y * y
                moments[6] += squares
                moments[7] += count * z * y
                moments[8] += along * z
                moments[9] += along * y
    return tallies, moments, rows, columns


@njit(cache=True, inline="always")
def _reach(rows: NDArray[np.int32], columns: NDArray[np.int32], z: int, y: int, x: int) -> None:
    rows[0, z, y] = min(rows[0, z, y], x)
    rows[1, z, y] = max(rows[1, z, y], x)
    columns[0, z, x] = min(columns[0, z, x], y)
    columns[1, z, x] = max(columns[1, z, x], y)


@njit(cache=True)
def _planes(
    low: NDArray[np.int32], high: NDArray[np.int32], scale_j: float, scale_k: float
) -> tuple[float, NDArray[np.int32]]:
    """Largest distance within a plane, and the corners (i, j, k) of the convex hulls of all planes.

    low, high: least and greatest k at each place j of each plane i.
    """
    total = 0
    for i in range(low.shape[0]):
        for j in range(low.shape[1]):
            total += low[i, j] <= high[i, j]
    corners = np.empty((2 * total, 3), np.int32)
    best, stop = 0.0, 0
    for i in range(low.shape[0]):
        start = stop
        for side in range(2):  # the lower chain, then the upper one
            ends, sign, first = (low, 1, stop) if side == 0 else (high, -1, stop)
            for j in range(low.shape[1]):
                if low[i, j] > high[i, j]:
                    continue
                k = ends[i, j]
                while stop - first >= 2:
                    u, v = corners[stop - 2], corners[stop - 1]
                    turn = np.int64(v[1] - u[1]) * (k - u[2]) - np.int64(v[2] - u[2]) * (j - u[1])
                    if sign * turn > 0:
                        break
                    stop -= 1
                corners[stop, 0], corners[stop, 1], corners[stop, 2] = i, j, k
                stop += 1
        if stop == start:
            continue
        plane = corners[start:stop]
        top, bottom = plane[:, 2].max(), plane[:, 2].min()
        if ((plane[:, 1].max() - plane[0, 1]) * scale_j) ** 2 + ((top - bottom) * scale_k) ** 2 <= best:
            continue
        for p in range(plane.shape[0]):
            for q in range(p):
                dj, dk = (plane[p, 1] - plane[q, 1]) * scale_j, (plane[p, 2] - plane[q, 2]) * scale_k
                best = max(best, dj * dj + dk * dk)
    return np.sqrt(best), corners[:stop]


@njit(cache=True)
def _widest(points: NDArray[np.float64]) -> float:
    """Largest distance of two points. A pair can only be longer than a known one if one of its ends is outside the ball
    round the known one, and if its ends' distances to the ball's centre sum up to more."""
    best, p = 0.0, 0
    centre = points[0]
    while True:  # from an end of the longest pair so far to the point that is farthest from it
        q, longest = 0, best
        for i in range(points.shape[0]):
            distance = _distance(points[p], points[i])
            if distance > longest:
                q, longest = i, distance
        if longest == best:
            break
        best, centre, p = longest, (points[p] + points[q]) / 2, q
    reach = np.empty(points.shape[0])
    for i in range(points.shape[0]):
        reach[i] = _distance(points[i], centre)
    slack = 1 - 1e-12
    near = points[reach + reach.max() > best * slack]
    near_reach = reach[reach + reach.max() > best * slack]
    for i in range(near.shape[0]):
        if 2 * near_reach[i] <= best * slack:
            continue
        for j in range(near.shape[0]):
            if near_reach[i] + near_reach[j] > best * slack:
                best = max(best, _distance(near[i], near[j]))
    return best


@njit(cache=True, inline="always")
def _distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return np.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2)
