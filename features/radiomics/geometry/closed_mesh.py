"""Mesh: the surface of a mask by marching cubes at one half: its area, the volume within, and its vertices."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

Corner = tuple[int, int, int]
Edge = tuple[Corner, Corner]
Triangle = tuple[Edge, Edge, Edge]
CORNERS: tuple[Corner, ...] = tuple((z, y, x) for z in (0, 1) for y in (0, 1) for x in (0, 1))


def measure_mesh(mask: NDArray[np.bool_], spacing: NDArray[np.float64]) -> tuple[float, float]:
    """Volume in mm³ and area in mm² of the closed surface. mask, spacing: (z, y, x)."""
    inside = np.pad(mask, 1).astype(np.uint8)
    depth, height, width = inside.shape
    cubes = np.zeros((depth - 1, height - 1, width - 1), np.uint8)
    for n, (z, y, x) in enumerate(CORNERS):
        cubes |= inside[z : z + depth - 1, y : y + height - 1, x : x + width - 1] << np.uint8(n)
    counts = np.stack([np.bincount(layer.ravel(), minlength=256) for layer in cubes])
    areas, rises, heights = _tables(tuple(spacing))
    # By the divergence theorem the volume is the sum of z · (normal in z) · area over all triangles.
    layers = np.arange(depth - 1) * spacing[0]
    volume = float((counts.sum(axis=0) * heights).sum() + (layers[:, None] * counts * rises).sum())
    return abs(volume), float((counts.sum(axis=0) * areas).sum())


def mesh_vertices(mask: NDArray[np.bool_], spacing: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vertices in mm, (n, 3) as (z, y, x): half-way between each voxel and its neighbours outside."""
    inside = np.pad(mask, 1)
    found = []
    for axis in range(3):
        places = np.argwhere(np.diff(inside, axis=axis)).astype(np.float64)
        places[:, axis] += 0.5
        found.append(places)
    vertices: NDArray[np.float64] = (np.concatenate(found) - 1) * spacing
    return vertices


@lru_cache(maxsize=8)
def _tables(
    spacing: tuple[float, ...],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each of the 256 cubes: area of its triangles; sum of their areas projected on z; the same times their mean z."""
    areas, rises, heights = np.zeros(256), np.zeros(256), np.zeros(256)
    for code, triangles in enumerate(_triangles()):
        for triangle in triangles:
            a, b, c = (np.mean(edge, axis=0) * spacing for edge in triangle)
            normal = np.cross(b - a, c - a) / 2
            areas[code] += math.hypot(*normal)
            rises[code] += normal[0]
            heights[code] += normal[0] * (a[0] + b[0] + c[0]) / 3
    return areas, rises, heights


@lru_cache(maxsize=1)
def _triangles() -> list[list[Triangle]]:
    """Triangles of each of the 256 cubes, by the edges on whose middles their corners lie, all of one orientation."""
    return [_cut({corner for n, corner in enumerate(CORNERS) if code >> n & 1}) for code in range(256)]


def _cut(inside: set[Corner]) -> list[Triangle]:
    following: dict[Edge, Edge] = {}
    for face in _faces():
        within = [corner in inside for corner in face]
        crossings = [(n, within[n]) for n in range(4) if within[n] != within[n - 1]]
        # Walking round a face: where the walk leaves the ROI the outline of the cut begins, where it enters again it ends.
        for n, (place, enters) in enumerate(crossings):
            if not enters:
                back = crossings[n - 1][0]  # corners inside that touch only across a face are kept apart
                following[_edge(face[place - 1], face[place])] = _edge(face[back - 1], face[back])
    triangles: list[Triangle] = []
    while following:
        start, edge = following.popitem()
        loop = [start]
        while edge != start:
            loop.append(edge)
            edge = following.pop(edge)
        triangles += max(_triangulations(loop), key=_area)  # as in the classic table
    return triangles


def _triangulations(loop: list[Edge]) -> list[list[Triangle]]:
    """Every way to cut a polygon into triangles of its own corners."""
    if len(loop) < 3:
        return [[]]
    found = []
    for n in range(1, len(loop) - 1):
        for left, right in product(_triangulations(loop[: n + 1]), _triangulations(loop[n:])):
            found.append([*left, (loop[0], loop[n], loop[-1]), *right])
    return found


@lru_cache(maxsize=2048)
def _twice_area(triangle: Triangle) -> float:
    a, b, c = (np.sum(edge, axis=0) / 2 for edge in triangle)
    return math.hypot(*np.cross(b - a, c - a))


def _area(triangles: Iterable[Triangle]) -> float:
    return round(sum(_twice_area(triangle) for triangle in triangles), 9)


def _faces() -> list[list[Corner]]:
    """Corners of each face in order, seen from outside all in the same sense."""
    faces = []
    for axis, side in product(range(3), (0, 1)):
        ring = [(0, 0), (0, 1), (1, 1), (1, 0)]
        face = []
        for first, second in ring if side else ring[::-1]:
            corner = [0, 0, 0]
            corner[axis], corner[(axis + 1) % 3], corner[(axis + 2) % 3] = side, first, second
            face.append((corner[0], corner[1], corner[2]))
        faces.append(face)
    return faces


def _edge(a: Corner, b: Corner) -> Edge:
    return (a, b) if a < b else (b, a)
