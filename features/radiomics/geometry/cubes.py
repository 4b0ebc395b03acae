"""cubes: what each case of marching cubes adds to a mesh whose vertices lie halfway between neighbouring voxels.

A cube has eight voxels at its corners; its case is the sum of 2 ** (4 z + 2 y + x) over the corners inside the mask.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Triangles of the 128 cases without corner 7, three edges each, facing outwards; a case with corner 7 has those of its
# complement, facing the other way. Corners and edges are numbered as Lorensen and Cline did.
_TRIANGLES = """
    - 083 019 183198 12a 08312a 0292a9 2832a88a9 23b 08b0b2 01923b 19b1b28b9 13a3ba 08a0a18ba 0393b99ba 8a98ba 478
    043347 019478 147173194 12a478 04312a347 0292a9478 2732972a9479 23b478 04224b47b 01923b478 19229b47b4b9
    13a3ba478 04114b1ba47b 0393b94789ba 47b4b99ba 495 083495 015054 153358485 12a495 08312a495 0242542a5
    2532a5348354 23b495 08b0b2495 01505423b 15225828b485 13a3ba495 08a0a14958ba 03b0540b55ba 48558a8ba 579789
    093357395 017078157 157173 12a579789 09312a357395 0282582a5578 2532a5357 23b579789 09227b297579 01815717823b
    15717b1b2 13a3ba579789 05707b0950a10ba 03b0570780a50ba 57b5ba 5a6 0835a6 0195a6 1831985a6 126165 083126165
    026069596 258265283598 23b5a6 08b0b25a6 01923b5a6 19b1b25a68b9 1353653b6 05108b0b55b6 0360590653b6 59669b8b9
    4785a6 0433475a6 0194785a6 1471731945a6 126165478 043126165347 026069478596 269293397479596 23b4785a6
    04224b47b5a6 01923b4785a6 19229b47b4b95a6 1353653b6478 04b0b11b547b5b6 0360590653b6478 47959669b7b9 49a4a6
    08349a4a6 01a0640a6 1681831a6486 124149264 083124149264 024264 248264283 23b49a4a6 08b0b249a4a6 01a0640a623b
    14816418b1a61b2 1393693b6496 08114916418b1b6 0360643b6 48668b 67a78a89a 07309a0a767a 0181781a767a 1731a767a
    126168189678 093129269397679 026067078 267273 23b67a78a89a 07209727b67a79a 0181781a723b67a 16717b1a61b2
    1361693b6678689 09167b 03b0670780b6 67b
"""
_CORNERS = ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0))  # z, y, x
_EDGES = ((0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7))


class Triangles(NamedTuple):
    """All triangles of all cases, in half voxels.

    cases: the case of each (n). normals: int64 (n, 3), twice the area's vector (z, y, x). constants: int64 (256), six times
    the signed volume under the triangles of a case, seen from the cube's first corner. vectors: int64 (256, 3), sum of
    the normals of a case.
    """

    cases: NDArray[np.int64]
    normals: NDArray[np.int64]
    constants: NDArray[np.int64]
    vectors: NDArray[np.int64]


@cache
def triangles() -> Triangles:
    """The triangles of the 256 cases."""
    corners = np.array(_CORNERS)
    middles = np.array([corners[first] + corners[second] for first, second in _EDGES])  # in half voxels
    bits = [1 << 4 * z + 2 * y + x for z, y, x in _CORNERS]
    cases, faces = list[int](), list[NDArray[np.int64]]()
    for number, edges in enumerate(_TRIANGLES.split()):
        case = sum(bit for corner, bit in enumerate(bits) if number >> corner & 1)
        for start in range(0, len(edges) - 2, 3):
            face = middles[[int(edge, 16) for edge in edges[start : start + 3]]]
            cases += [case, 255 - case]
            faces += [face, face[::-1]]
    a, b, c = np.moveaxis(np.array(faces, np.int64), 1, 0)
    normals = np.cross(b - a, c - a)
    constants, vectors = np.zeros(256, np.int64), np.zeros((256, 3), np.int64)
    np.add.at(constants, cases, np.sum(np.cross(a, b) * c, axis=1))
    np.add.at(vectors, cases, normals)
    return Triangles(np.array(cases), normals, constants, vectors)


def surface_area(counts: NDArray[np.int64], spacing: tuple[float, float, float]) -> float:
    """Area of the mesh in mm². counts: cubes of each case (256); spacing: (z, y, x) in mm."""
    z, y, x = spacing
    found = triangles()
    areas = np.sqrt(np.sum((found.normals * (y * x, z * x, z * y)) ** 2, axis=1)) / 8
    return float(np.sum(counts[found.cases] * areas))


def mesh_volume(counts: NDArray[np.int64], places: NDArray[np.int64], spacing: tuple[float, float, float]) -> float:
    """Volume under the mesh in mm³, seen from the origin of the places.

    counts: cubes of each case (256); places: sum of (z, y, x) of the first corners of the cubes of each case (256, 3).
    Where voxels touch at an edge or a corner alone, the mesh has gaps, so that the origin matters: it is the corner of the
    padded bounding box.
    """
    found = triangles()
    sixfold = int(counts @ found.constants) + 2 * int(np.sum(places * found.vectors))
    return sixfold / 48 * (spacing[0] * spacing[1] * spacing[2])
