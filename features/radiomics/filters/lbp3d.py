"""LBP 3D: local binary patterns on a sphere, by their spherical harmonics, and the kurtosis of what the sphere meets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import acos, atan2, ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.bounds import Level, RadiusVoxels
from features.core.kinds.filter import Filter, Source
from features.radiomics.correlate import Reals, correlate

_SETTLED = 18  # voxels after which the recursion of a cubic spline has forgotten a border: 0.268 ** 18 < 1e-10
_TIE = 1e-9  # of the largest intensity: a sample that differs by less is as high as the voxel in the middle


class Lbp3d(Filter):
    """Which samples on an icosphere round a voxel are not below it: the energy of each level of spherical harmonics.

    levels: degrees 0, 1, … of the harmonics. radius: of the sphere, in voxels. subdivision: how often the icosahedron's
    faces are divided.
    """

    kind: Literal["lbp3d"] = "lbp3d"
    levels: Level = Field(2, description="degrees of the harmonics: 0, 1, …")
    radius: RadiusVoxels = Field(1.0, description="radius of the sphere in voxels")
    subdivision: int = Field(1, ge=0, le=4, description="how often the faces of the icosahedron are divided")

    def names(self) -> list[str]:
        """`lbp-3D-m1` for degree 0 and so on, and the kurtosis, `lbp-3D-k`."""
        return [f"lbp-3D-m{level}" for level in range(1, self.levels + 1)] + ["lbp-3D-k"]

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """Samples by cubic splines of the image in double precision, whatever its type; 0 beyond its borders.

        The kurtosis of samples that are all alike is -3, as with the scipy of pyradiomics.
        """
        from scipy.ndimage import spline_filter

        margin = ceil(self.radius) + 2
        array, inner = source.crop((margin + _SETTLED,) * 3)
        centre = np.ascontiguousarray(array[inner])
        tie = _TIE * max(map(abs, source.extremes))
        # Splines are mirrored at the borders of the image; beyond them lie samples that are not used.
        splines = np.pad(spline_filter(array, 3, output=np.float64, mode="mirror"), margin, "reflect")
        points = icosphere(self.subdivision, self.radius)
        harmonics, degrees = _harmonics(points, self.radius, self.levels)
        weights = np.zeros((degrees.size, *centre.shape), complex)
        powers = np.zeros((4, *centre.shape))
        for point, harmonic in zip(points, harmonics, strict=True):
            above = self._samples(splines, point, source, inner, margin) - centre
            weights += harmonic[:, None, None, None] * (above >= -tie)
            power = above
            for order in range(4):
                powers[order] += power
                power = power * above
        gram = (harmonics[:, :, None] * harmonics[:, None, :]).sum(axis=0)
        for degree in range(self.levels):
            energy, part = np.zeros(centre.shape, complex), np.flatnonzero(degrees == degree)
            for i, j in product(part, part):
                energy += gram[i, j] * (weights[i] * weights[j])
            yield f"lbp-3D-m{degree + 1}", np.ascontiguousarray(np.sqrt(energy).real)
        yield "lbp-3D-k", _kurtosis(powers / len(points), tie)

    def _samples(
        self,
        splines: NDArray[np.float64],
        point: NDArray[np.float64],
        source: Source,
        inner: tuple[slice, slice, slice],
        margin: int,
    ) -> NDArray[np.float64]:
        """The image at one point of the sphere round each voxel of the box."""
        first = np.floor(point).astype(int) - 1  # of the four splines that meet the point
        starts = [part.start + margin + int(shift) for part, shift in zip(inner, first, strict=True)]
        sizes = [part.stop - part.start + 3 for part in inner]
        found: Reals = splines[tuple(slice(start, start + size) for start, size in zip(starts, sizes, strict=True))]
        for axis in (2, 1, 0):
            found = correlate(found, _spline(float(point[axis] - np.floor(point[axis]))), axis)
        for axis, (part, size) in enumerate(zip(source.box, source.image.shape, strict=True)):
            place = np.arange(part.start, part.stop) + point[axis]
            found[(slice(None),) * axis + ((place < 0) | (place > size - 1),)] = 0.0
        return np.asarray(found, np.float64)


def icosphere(subdivision: int, radius: float) -> NDArray[np.float64]:
    """Corners (n, 3) of an icosahedron whose faces are divided in four, and each new corner moved out to the sphere."""
    golden = (1 + 5**0.5) / 2
    corners = [np.roll((0.0, a, b * golden), turn) for a in (-1, 1) for b in (-1, 1) for turn in range(3)]
    points: NDArray[np.float64] = np.array(corners) / np.hypot(1, golden)
    edge = 2 / np.hypot(1, golden)
    faces = [
        (i, j, k)
        for i in range(12)
        for j in range(i)
        for k in range(j)
        if all(np.linalg.norm(points[a] - points[b]) < 1.01 * edge for a, b in ((i, j), (j, k), (k, i)))
    ]
    for _ in range(subdivision):
        edges = sorted({tuple(sorted(pair)) for i, j, k in faces for pair in ((i, j), (j, k), (k, i))})
        middles = np.array([points[i] + points[j] for i, j in edges])
        place = {pair: len(points) + number for number, pair in enumerate(edges)}
        points = np.vstack([points, middles / np.linalg.norm(middles, axis=1, keepdims=True)])
        divided = []
        for i, j, k in faces:
            a, b, c = (place[tuple(sorted(pair))] for pair in ((i, j), (j, k), (k, i)))
            divided += [(i, a, c), (j, a, b), (k, b, c), (a, b, c)]
        faces = divided
    return points * radius


def _harmonics(
    points: NDArray[np.float64], radius: float, levels: int
) -> tuple[NDArray[np.complex128], NDArray[np.int64]]:
    """Harmonics (points, functions) of every order of each degree, and the degrees of the functions.

    pyradiomics gives scipy the polar angle as azimuth and the azimuth as polar angle: its values are those of here.
    """
    from scipy.special import sph_harm_y

    polar = np.array([acos(min(max(z / radius, -1), 1)) for _, _, z in points.tolist()])
    azimuth = np.array([atan2(y, x) for x, y, _ in points.tolist()])
    orders = [(degree, order) for degree in range(levels) for order in range(-degree, degree + 1)]
    # Of a negative polar angle scipy once took the cosine alone.
    columns = [sph_harm_y(degree, order, np.abs(azimuth), polar) for degree, order in orders]
    return np.stack(columns, 1), np.array([degree for degree, _ in orders])


def _spline(x: float) -> NDArray[np.float64]:
    """Cubic B-splines at -1, 0, 1 and 2, seen from a place x in [0, 1)."""
    y = 1 - x
    return np.array([y**3, 4 - 6 * x * x + 3 * x**3, 4 - 6 * y * y + 3 * y**3, x**3]) / 6


def _kurtosis(powers: NDArray[np.float64], tie: float) -> NDArray[np.float64]:
    """Excess kurtosis from the means of the first four powers."""
    m1, m2, m3, m4 = powers
    variance = m2 - m1**2
    fourth = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * (m1**2) ** 2
    alike = variance <= tie**2
    return np.where(alike, 0.0, fourth / np.where(alike, 1.0, variance**2)) - 3.0
