"""LBP 3D: the definition that pyradiomics writes down, voxel by voxel, and spheres that meet one intensity only."""

from __future__ import annotations

from math import factorial, pi
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.special import lpmv
from scipy.stats import kurtosis

from features.core.kinds.filter import Source
from features.core.region import Box
from features.radiomics.filters.lbp3d import Lbp3d, icosphere

Array = np.ndarray[Any, np.dtype[Any]]


def _harmonic(order: int, degree: int, azimuth: Array, polar: Array) -> Array:
    size = abs(order)
    norm = np.sqrt((2 * degree + 1) / (4 * pi) * factorial(degree - size) / factorial(degree + size))
    value = norm * lpmv(size, degree, np.cos(polar)) * np.exp(1j * size * azimuth)
    return value if order >= 0 else (-1) ** size * np.conj(value)


def _by_definition(image: Array, box: Box, points: Array, lbp: Lbp3d) -> list[Array]:
    places = np.stack(np.meshgrid(*[np.arange(part.start, part.stop) for part in box], indexing="ij"), -1)
    samples = map_coordinates(image, np.moveaxis(places[..., None, :] + points, -1, 0), order=3)
    signs = (samples >= image[box][..., None]).astype(float)
    theta, phi = np.arccos(points[:, 2] / lbp.radius), np.arctan2(points[:, 1], points[:, 0])
    found = []
    for degree in range(lbp.levels):
        harmonics = [_harmonic(order, degree, theta, phi) for order in range(-degree, degree + 1)]
        function = sum((signs @ harmonic)[..., None] * harmonic for harmonic in harmonics)
        found.append(np.sqrt((function**2).sum(-1)).real)
    return [*found, kurtosis(samples, axis=-1)]


@pytest.mark.parametrize(("subdivision", "corners"), [(0, 12), (1, 42), (2, 162)])
def test_the_icosphere_is_that_of_trimesh(subdivision: int, corners: int) -> None:
    creation = pytest.importorskip("trimesh.creation")
    points, expected = icosphere(subdivision, 1.5), np.asarray(creation.icosphere(subdivision, 1.5).vertices)
    assert points.shape == expected.shape == (corners, 3)
    apart = np.linalg.norm(points[:, None] - expected, axis=-1)
    assert apart.min(0).max() < 1e-12 and apart.min(1).max() < 1e-12


@pytest.mark.parametrize(("levels", "radius", "subdivision"), [(2, 1.0, 1), (3, 1.5, 1), (2, 2.0, 0)])
@pytest.mark.parametrize("box", [(slice(0, 5), slice(9, 14), slice(20, 33)), (slice(3, 9), slice(0, 28), slice(2, 6))])
def test_maps_follow_the_definition(levels: int, radius: float, subdivision: int, box: Box) -> None:
    creation = pytest.importorskip("trimesh.creation")
    image = np.random.default_rng(1).normal(0, 100, (30, 28, 33))
    lbp = Lbp3d(levels=levels, radius=radius, subdivision=subdivision)
    points = np.asarray(creation.icosphere(subdivision, radius).vertices).round(14)
    found = dict(lbp.derive(Source(image, (1.0, 1.0, 1.0), box)))
    assert list(found) == lbp.names() == [*(f"lbp-3D-m{level + 1}" for level in range(levels)), "lbp-3D-k"]
    for values, expected in zip(found.values(), _by_definition(image, box, points, lbp), strict=True):
        assert values.flags.c_contiguous and values.dtype == np.float64
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-9 * np.ptp(expected))


def test_an_even_image_has_all_signs_set_and_no_spread() -> None:
    lbp = Lbp3d()
    found = dict(lbp.derive(Source(np.full((20, 20, 20), 7, np.int16), (1.0, 1.0, 1.0), (slice(8, 12),) * 3)))
    np.testing.assert_allclose(found["lbp-3D-m1"], 42**1.5 / (4 * pi), rtol=1e-12)
    np.testing.assert_array_equal(found["lbp-3D-k"], -3)
