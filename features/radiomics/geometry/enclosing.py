"""Enclosing: the boxes and ellipsoids round the vertices of a mesh."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit
from features.radiomics.geometry.eigenvalues import eigenvalues

TERMS = 20  # of the series below, as IBSI has it


def ellipsoid(semi_axes: NDArray[np.float64]) -> tuple[float, float]:
    """Volume and surface area of an ellipsoid with three semi-axes, the longest first.

    The area is that of IBSI's series, in which both eccentricities are those against the longest axis; the reference values
    hold for it. The exact area of an ellipsoid with three different axes is a few per cent larger.
    """
    a, b, c = (float(axis) for axis in semi_axes)
    first, second = 1 - (b / a) ** 2, 1 - (c / a) ** 2  # squared eccentricities
    middle, product = (first + second) / 2, first * second
    area, previous, term = (
        1.0,
        0.0,
        1.0,
    )  # term: the Legendre polynomial of degree n times its power of the eccentricities
    for n in range(TERMS):
        previous, term = term, ((2 * n + 1) * middle * term - n * product * previous) / (n + 1)
        area += term / (1 - 4 * (n + 1) ** 2)
    return 4 / 3 * np.pi * a * b * c, 4 * np.pi * a * b * area


def box(sides: NDArray[np.float64]) -> tuple[float, float]:
    """Volume and surface area of a box with three sides."""
    a, b, c = sides
    return float(a * b * c), float(2 * (a * b + a * c + b * c))


def smallest_box(points: NDArray[np.float64], normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sides of the smallest box round the points (n, 3) of which one side lies on a face of their hull.

    normals: (m, 3) unit vectors of the faces of the hull. Over each face, one edge of the outline seen along its normal lies
    along a side of the box. The very smallest box may touch the hull with edges alone; it is hardly smaller.
    """
    signs = np.sign(normals[np.arange(len(normals)), np.argmax(np.abs(normals), axis=1)])
    best, sides = np.inf, np.zeros(3)
    for normal in np.unique(np.round(normals * signs[:, None], 9), axis=0):
        first = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))])
        first /= math.hypot(*first)
        along, u, v = (_along(points, axis) for axis in (normal, first, np.cross(normal, first)))
        order = np.lexsort((v, u))
        height = float(np.ptp(along))
        width, depth = smallest_rectangle(u[order], v[order])
        if height * width * depth < best:
            best, sides = height * width * depth, np.array([height, width, depth])
    return sides


def smallest_ellipsoid(points: NDArray[np.float64], *, tolerance: float = 1e-4) -> NDArray[np.float64]:
    """Semi-axes of the ellipsoid of least volume round points (n, 3), its volume within a factor 1 + 2 · tolerance.

    Khachiyan's algorithm with steps away from points (Todd and Yildirim 2007); then blown up to hold every point.
    """
    centred = points - points.mean(axis=0)
    scale = float(np.abs(centred).max())
    shape, reach = _enclose(centred / scale, tolerance)
    axes: NDArray[np.float64] = scale * np.sqrt(np.array(eigenvalues(shape)[::-1]) * reach)
    return axes


def _along(points: NDArray[np.float64], axis: NDArray[np.float64]) -> NDArray[np.float64]:
    """Place (n,) of each point along an axis. A matrix product would round as the processor's BLAS does."""
    x, y, z = axis
    return np.asarray(points[:, 0] * x + points[:, 1] * y + points[:, 2] * z)


@njit(cache=True)
def _enclose(points: NDArray[np.float64], tolerance: float) -> tuple[NDArray[np.float64], float]:
    """Shape (3, 3) of the ellipsoid, and the largest square of a length by it. points: (n, 3), none further than 1 off."""
    n, d = len(points), 3
    lifted = np.ones((n, d + 1))
    lifted[:, :d] = points
    weights = np.full(n, 1 / n)
    inverse = _inverse(_spread(lifted, weights))
    distance = np.empty(n)
    for i in range(n):
        distance[i] = _square(lifted[i], inverse)
    image = np.empty(d + 1)
    for _ in range(100_000):
        far, near = 0, -1
        for i in range(n):
            if distance[i] > distance[far]:
                far = i
            if weights[i] > 1e-12 and (near < 0 or distance[i] < distance[near]):
                near = i
        above, below = distance[far] / (d + 1) - 1, 1 - distance[near] / (d + 1)
        if max(above, below) <= tolerance:
            break
        place = far if above > below else near
        step = (distance[place] - d - 1) / ((d + 1) * (distance[place] - 1))
        step = max(step, -weights[place] / (1 - weights[place]))
        factor = step / (1 - step + step * distance[place])
        for i in range(d + 1):
            image[i] = 0.0
            for j in range(d + 1):
                image[i] += inverse[i, j] * lifted[place, j]
        for i in range(d + 1):
            for j in range(d + 1):
                inverse[i, j] = (inverse[i, j] - factor * (image[i] * image[j])) / (1 - step)
        for i in range(n):
            along = 0.0
            for j in range(d + 1):
                along += lifted[i, j] * image[j]
            distance[i] = (distance[i] - factor * along**2) / (1 - step)
            weights[i] *= 1 - step
        weights[place] += step
    centre = np.zeros(d)
    for i in range(n):
        for j in range(d):
            centre[j] += weights[i] * points[i, j]
    shape = _spread(points, weights)
    for i in range(d):
        for j in range(d):
            shape[i, j] -= centre[i] * centre[j]
    inverse, reach = _inverse(shape), 0.0
    for i in range(n):
        reach = max(reach, _square(points[i] - centre, inverse))
    return shape, reach


@njit(cache=True)
def _spread(points: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted sum (d, d) of the squares of points (n, d)."""
    size = points.shape[1]
    found = np.zeros((size, size))
    for k in range(len(points)):
        for i in range(size):
            for j in range(size):
                found[i, j] += weights[k] * points[k, i] * points[k, j]
    return found


@njit(cache=True)
def _square(vector: NDArray[np.float64], matrix: NDArray[np.float64]) -> float:
    found = 0.0
    for i in range(vector.size):
        for j in range(vector.size):
            found += vector[i] * matrix[i, j] * vector[j]
    return found


@njit(cache=True)
def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of a symmetric matrix whose eigenvalues are all above 0, by elimination."""
    size = len(matrix)
    rest, found = matrix.copy(), np.eye(size)
    for k in range(size):
        pivot = rest[k, k]
        for j in range(size):
            rest[k, j] /= pivot
            found[k, j] /= pivot
        for i in range(size):
            factor = rest[i, k]
            if i != k and factor != 0.0:
                for j in range(size):
                    rest[i, j] -= factor * rest[k, j]
                    found[i, j] -= factor * found[k, j]
    return found


@njit(cache=True)
def smallest_rectangle(u: NDArray[np.float64], v: NDArray[np.float64]) -> tuple[float, float]:
    """Sides of the smallest rectangle round points in a plane, which are ordered by u, then by v."""
    n = len(u)
    ring = np.empty(2 * n, np.int64)  # places of the convex outline: there along one side, back along the other
    size = 0
    for sweep in range(2):
        start = size
        for k in range(n):
            i = k if sweep == 0 else n - 1 - k
            while size - start >= 2:
                g, h = ring[size - 2], ring[size - 1]
                if (u[h] - u[g]) * (v[i] - v[g]) - (v[h] - v[g]) * (u[i] - u[g]) > 1e-12:
                    break
                size -= 1
            ring[size] = i
            size += 1
    best, width, depth = np.inf, 0.0, 0.0
    for k in range(size - 1):
        i, j = ring[k], ring[k + 1]
        du, dv = u[j] - u[i], v[j] - v[i]
        length = np.sqrt(du * du + dv * dv)
        if length < 1e-9:
            continue
        du, dv = du / length, dv / length
        low, high, far = np.inf, -np.inf, 0.0
        for m in range(size):
            o = ring[m]
            along = du * u[o] + dv * v[o]
            low, high = min(low, along), max(high, along)
            far = max(far, abs(dv * (u[o] - u[i]) - du * (v[o] - v[i])))
        if (high - low) * far < best:
            best, width, depth = (high - low) * far, high - low, far
    return width, depth
