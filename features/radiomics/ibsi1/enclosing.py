"""Enclosing: the boxes and ellipsoids round the vertices of a mesh."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray


def ellipsoid(semi_axes: NDArray[np.float64]) -> tuple[float, float]:
    """Volume and surface area of an ellipsoid with three semi-axes."""
    from scipy.special import elliprg

    a, b, c = semi_axes
    area = 4 * np.pi * elliprg((a * b) ** 2, (a * c) ** 2, (b * c) ** 2)
    return float(4 / 3 * np.pi * a * b * c), float(area)


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
    faces = np.unique(np.round(normals * signs[:, None], 9), axis=0)
    sides: NDArray[np.float64] = _smallest_box(np.ascontiguousarray(points, np.float64), np.ascontiguousarray(faces))
    return sides


def smallest_ellipsoid(points: NDArray[np.float64], *, tolerance: float = 1e-5) -> NDArray[np.float64]:
    """Semi-axes of the ellipsoid of least volume round points (n, 3), its volume within a factor 1 + 2 · tolerance.

    Khachiyan's algorithm with steps away from points (Todd and Yildirim 2007); then blown up to hold every point.
    """
    n, d = len(points), 3
    centred = points - points.mean(axis=0)
    scale = float(np.abs(centred).max())
    lifted = np.column_stack([centred / scale, np.ones(n)])
    weights = np.full(n, 1 / n)
    inverse = np.linalg.inv((lifted * weights[:, None]).T @ lifted)
    distance = np.einsum("ij,jk,ik->i", lifted, inverse, lifted)
    for _ in range(100_000):
        far = int(np.argmax(distance))
        near = int(np.argmin(np.where(weights > 1e-12, distance, np.inf)))
        above, below = distance[far] / (d + 1) - 1, 1 - distance[near] / (d + 1)
        if max(above, below) <= tolerance:
            break
        place = far if above > below else near
        step = (distance[place] - d - 1) / ((d + 1) * (distance[place] - 1))
        step = max(step, -weights[place] / (1 - weights[place]))
        image = inverse @ lifted[place]
        factor = step / (1 - step + step * distance[place])
        inverse = (inverse - factor * np.outer(image, image)) / (1 - step)
        distance = (distance - factor * (lifted @ image) ** 2) / (1 - step)
        weights *= 1 - step
        weights[place] += step
    flat = lifted[:, :d]
    centre = weights @ flat
    shape = (flat * weights[:, None]).T @ flat - np.outer(centre, centre)
    spread = flat - centre
    reach = float(np.einsum("ij,jk,ik->i", spread, np.linalg.inv(shape), spread).max())
    axes: NDArray[np.float64] = scale * np.sqrt(np.linalg.eigvalsh(shape)[::-1] * reach)
    return axes


@njit(cache=True)
def _smallest_box(points: NDArray[np.float64], normals: NDArray[np.float64]) -> NDArray[np.float64]:
    best, sides = np.inf, np.zeros(3)
    n = len(points)
    u, v = np.empty(n), np.empty(n)
    ring = np.empty(2 * n + 1, np.int64)
    for m in range(len(normals)):
        a, b, c = normals[m]
        if abs(a) < 0.9:  # two axes across the normal
            p, q, r = 0.0, c, -b
        else:
            p, q, r = -c, 0.0, a
        length = np.sqrt(p * p + q * q + r * r)
        p, q, r = p / length, q / length, r / length
        s, t, w = b * r - c * q, c * p - a * r, a * q - b * p
        low, high = np.inf, -np.inf
        for i in range(n):
            z, y, x = points[i]
            along = a * z + b * y + c * x
            low, high = min(low, along), max(high, along)
            u[i], v[i] = p * z + q * y + r * x, s * z + t * y + w * x
        size = _outline(u, v, ring)
        for k in range(size):
            i, j = ring[k], ring[k + 1]
            du, dv = u[j] - u[i], v[j] - v[i]
            length = np.sqrt(du * du + dv * dv)
            if length < 1e-9:
                continue
            du, dv = du / length, dv / length
            first, last, far = np.inf, -np.inf, 0.0
            for h in range(size):
                o = ring[h]
                along = du * u[o] + dv * v[o]
                first, last = min(first, along), max(last, along)
                far = max(far, abs(dv * (u[o] - u[i]) - du * (v[o] - v[i])))
            volume = (high - low) * (last - first) * far
            if volume < best:
                best = volume
                sides[0], sides[1], sides[2] = high - low, last - first, far
    return sides


@njit(cache=True)
def _outline(u: NDArray[np.float64], v: NDArray[np.float64], ring: NDArray[np.int64]) -> int:
    """Number of corners of the convex outline of points in a plane; ring: their places, the first one again at the end."""
    order = np.argsort(u)
    size = 0
    for sweep in range(2):
        start = size
        for k in range(len(order)):
            i = order[k] if sweep == 0 else order[len(order) - 1 - k]
            while size - start >= 2:
                g, h = ring[size - 2], ring[size - 1]
                if (u[h] - u[g]) * (v[i] - v[g]) - (v[h] - v[g]) * (u[i] - u[g]) > 1e-12:
                    break
                size -= 1
            ring[size] = i
            size += 1
        size -= 1  # the last one of a sweep is the first one of the next
    ring[size] = ring[0]
    return size
