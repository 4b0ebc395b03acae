"""mesh: one pass over a mask gives its marching cubes, its moments and its outline; diameters come from the outline."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.radiomics.geometry.eigenvalues import eigenvalues

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
    depth, height, width = padded.shape
    rows, columns = np.full((2, 2 * depth, 2 * height), -1, np.int32), np.full((2, 2 * depth, 2 * width), -1, np.int32)
    rows[0], columns[0] = 2 * width, 2 * height
    found = Survey(np.zeros((256, 4), np.int64), np.zeros(10, np.int64), rows, columns)
    _survey(padded, *found)
    return found


def covariance(moments: NDArray[np.int64], spacing: Spacing) -> NDArray[np.float64]:
    """Covariance (3, 3) of the places of the voxels in mm², divided by their number; free of cancellation."""
    n, z, y, x, zz, yy, xx, zy, zx, yx = (int(value) for value in moments)  # Python's integers do not overflow
    first, second = (z, y, x), ((zz, zy, zx), (zy, yy, yx), (zx, yx, xx))
    exact = [[(n * second[i][j] - first[i] * first[j]) / n**2 for j in range(3)] for i in range(3)]
    matrix: NDArray[np.float64] = np.array(exact) * np.outer(spacing, spacing)
    return matrix


def variances(matrix: NDArray[np.float64]) -> list[float]:
    """Eigenvalues of a covariance from the least to the greatest; what is only rounding is 0."""
    values = eigenvalues(matrix)
    return [value if value > 1e-14 * values[-1] else 0.0 for value in values]


class Diameters(NamedTuple):
    """Largest distance in mm of two vertices of a mesh, and of two in one plane across z, y and x."""

    whole: float
    across_z: float
    across_y: float
    across_x: float


def diameters(found: Survey, spacing: Spacing) -> Diameters:
    """The diameters of the mesh; spacing: (z, y, x) in mm."""
    z, y, x = (size / 2 for size in spacing)
    across_z, corners = _hulls(found.rows, y, x)
    across_y, _ = _hulls(found.rows.transpose(0, 2, 1), z, x)
    across_x, _ = _hulls(found.columns.transpose(0, 2, 1), z, y)
    longest = max(across_z, across_y, across_x)
    return Diameters(_diameter(corners * np.array((z, y, x)), longest), across_z, across_y, across_x)


def _diameter(points: NDArray[np.float64], known: float) -> float:
    """Largest distance of two points (n, 3), where two are `known` apart.

    A pair can only be longer than a known one if the distances of its ends to a centre, whichever, add up to more.
    """
    reach = np.sqrt(np.sum((points - (points.min(axis=0) + points.max(axis=0)) / 2) ** 2, axis=1))
    order = np.argsort(-reach)
    return float(_longest(points[order], reach[order], known))


def _hulls(ends: NDArray[np.int32], scale_j: float, scale_k: float) -> tuple[float, NDArray[np.int32]]:
    """Largest distance of two vertices in one plane i, and the corners (i, j, k) of the convex hulls of all planes.

    ends: (2, I, J), least and greatest k at each place j of each plane.
    """
    ends = np.ascontiguousarray(ends)
    corners = np.empty((2 * np.count_nonzero(ends[0] <= ends[1]), 3), np.int32)
    longest, count = _chains(ends, scale_j, scale_k, corners)
    return float(longest), corners[:count]


@njit(cache=True)
def _survey(
    mask: NDArray[np.uint8],
    tallies: NDArray[np.int64],
    moments: NDArray[np.int64],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
) -> None:
    depth, height, width = mask.shape
    for z in range(depth - 1):
        for y in range(height - 1):
            a, b, c, d = mask[z, y], mask[z, y + 1], mask[z + 1, y], mask[z + 1, y + 1]
            count = along = squares = left = 0
            for x in range(width - 1):
                right = a[x + 1] + 4 * b[x + 1] + 16 * c[x + 1] + 64 * d[x + 1]
                case = left + 2 * right
                left = right
                if case == 0 or case == 255:
                    continue
                tallies[case, 0] += 1
                tallies[case, 1] += z
                tallies[case, 2] += y
                tallies[case, 3] += x
                inside = case & 1
                other = case ^ 255 if inside else case  # a bit of it: that corner differs from the first one
                if other & 2:
                    _reach(rows, columns, 2 * z, 2 * y, 2 * x + 1)
                    sign = 2 * inside - 1  # sums over a run of voxels are differences of sums up to its ends
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


@njit(cache=True)
def _reach(rows: NDArray[np.int32], columns: NDArray[np.int32], z: int, y: int, x: int) -> None:
    rows[0, z, y] = min(rows[0, z, y], x)
    rows[1, z, y] = max(rows[1, z, y], x)
    columns[0, z, x] = min(columns[0, z, x], y)
    columns[1, z, x] = max(columns[1, z, x], y)


@njit(cache=True)
def _chains(ends: NDArray[np.int32], scale_j: float, scale_k: float, corners: NDArray[np.int32]) -> tuple[float, int]:
    best, stop = 0.0, 0
    for i in range(ends.shape[1]):
        start = stop
        low, high = 2**30, -1
        for side in range(2):  # the lower chain of the hull, then the upper one
            first, sign = stop, 1 - 2 * side
            for j in range(ends.shape[2]):
                if ends[0, i, j] > ends[1, i, j]:
                    continue
                k = ends[side, i, j]
                low, high = min(low, k), max(high, k)
                while stop - first >= 2:
                    u, v = stop - 2, stop - 1
                    turn = (corners[v, 1] - corners[u, 1]) * (k - corners[u, 2])
                    turn -= (corners[v, 2] - corners[u, 2]) * (j - corners[u, 1])
                    if sign * turn > 0:
                        break
                    stop -= 1
                corners[stop, 0] = i
                corners[stop, 1] = j
                corners[stop, 2] = k
                stop += 1
        if stop == start:
            continue
        diagonal = ((corners[stop - 1, 1] - corners[start, 1]) * scale_j) ** 2 + ((high - low) * scale_k) ** 2
        if diagonal <= best:
            continue
        for p in range(start, stop):
            for q in range(start, p):
                step_j = (corners[p, 1] - corners[q, 1]) * scale_j
                step_k = (corners[p, 2] - corners[q, 2]) * scale_k
                best = max(best, step_j * step_j + step_k * step_k)
    return math.sqrt(best), stop


@njit(cache=True)
def _longest(points: NDArray[np.float64], reach: NDArray[np.float64], best: float) -> float:
    """Largest distance of two points that is above `best`, or that. Points in falling order of reach."""
    for i in range(points.shape[0]):
        for j in range(i):
            if reach[i] + reach[j] < best * (1 - 1e-12):
                break
            z, y, x = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1], points[i, 2] - points[j, 2]
            best = max(best, math.sqrt(z * z + y * y + x * x))
    return best
