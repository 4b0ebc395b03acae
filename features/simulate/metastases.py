"""Voxels of a head with small metastases after contrast agent: the ordinary image, and a black-blood one without vessels.

In the ordinary image vessels are as bright as metastases, and cut across they are as round: mimics. In the black-blood image blood
that flows is dark. All metastases of a patient together have the planted volume, however many they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from features.simulate.chest import Stream
from features.simulate.fields import Histogram, Waves, bias_field, rank_map, smooth_field
from features.simulate.grid import Grid, Image, Mask
from features.simulate.site import Site

SEQUENCES = ("t1c", "bb")  # the ordinary image, the black-blood one
TISSUES: dict[str, tuple[float, ...]] = {  # air, scalp, skull, fluid, grey and white matter, blood
    "t1c": (0, 900, 120, 210, 470, 620, 1150),
    "bb": (0, 700, 100, 190, 430, 520, 90),
}
ENHANCING = {"t1c": (1050.0, 110.0), "bb": (1000.0, 110.0)}  # mean and sd
TISSUE_SD, NOISE_SD = 18.0, 45.0  # of grain in healthy tissue; of an image whose site has noise 1
APART_MM = 5.0  # least distance between the edges of two metastases
VESSELS, VESSEL_MM, STEPS = (10, 15), (1.8, 3.2), 26  # how many, their radii, points of a course
MOST = 9  # metastases of a patient
TRIES = 400


@dataclass(frozen=True, slots=True)
class Head:
    """A patient's head on the grid of a site: tissue (0 to 5), number of the metastasis (0 for none), vessels. All (z, y, x)."""

    tissue: NDArray[np.int8]
    lesions: NDArray[np.uint8]
    vessels: Mask

    @classmethod
    def draw(cls, rng: np.random.Generator, grid: Grid, lesions: int, volume_ml: float) -> Head:
        """A head with so many metastases (fewer where there is no room), which together have this volume."""
        z, y, x = grid.axes()
        radii = rng.uniform((64, 80, 56), (70, 86, 60))
        a, b, c = (np.float32(radius) for radius in radii)
        out = np.sqrt((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2)
        tissue = np.zeros(grid.shape, np.int8)
        for number, edge in enumerate((1.0, 0.93, 0.86), 1):
            tissue[out < edge] = number
        brain, folds = out < 0.82, Waves.draw(rng, 6.0).sample(grid)
        tissue[brain] = np.where(folds + 5 * (0.7 - out) > 0, 5, 4)[brain]
        tissue[brain & (np.abs(folds) < 0.25) & (out > 0.68)] = 3
        u, v, w = (np.float32(radius) for radius in rng.uniform((9, 22, 9), (13, 28, 12)))
        tissue[brain & (((np.abs(x) - u) / u) ** 2 + ((y - 4) / v) ** 2 + ((z - 4) / w) ** 2 < 1)] = 3
        found = _lesions(rng, grid, lesions, volume_ml, radii)
        vessels = _vessels(rng, grid, radii) & brain & (found == 0)
        return cls(tissue, found, vessels)


def scan(head: Head, sequence: str, site: Site, stream: Stream) -> NDArray[np.int16]:
    """A sequence (z, y, x) as the site's scanner shows it. The metastases have the patient's histogram, however many they are."""
    grid = site.grid
    image = np.array(TISSUES[sequence], np.float32)[head.tissue]
    image[head.vessels] = TISSUES[sequence][-1]
    image += np.float32(TISSUE_SD) * smooth_field(stream(f"tissue {sequence}"), grid, 3.0) * (head.tissue > 2)
    blur = grid.voxels(site.smoothing_mm)
    lesions = head.lesions > 0
    image[lesions] = ENHANCING[sequence][0]
    image = gaussian_filter(image, blur, mode="nearest", truncate=3.0)
    white = stream(f"noise {sequence}").standard_normal(grid.shape, dtype=np.float32)
    noise = gaussian_filter(white, blur, mode="wrap", truncate=3.0)
    noise /= noise.std()
    image += np.float32(NOISE_SD * site.noise) * noise
    image *= bias_field(stream(f"bias {sequence}"), grid, site.bias)
    own = Histogram.draw(stream(f"histogram {sequence}"), *ENHANCING[sequence])
    image[lesions] = rank_map(noise[lesions], own)  # after all that would tell how far apart they lie
    image *= np.float32(site.gain)
    found: NDArray[np.int16] = np.clip(np.rint(image), 0, 32767).astype(np.int16)
    return found


def _lesions(
    rng: np.random.Generator, grid: Grid, count: int, volume_ml: float, radii: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Numbers of the metastases, the largest is 1: balls whose shares of the volume differ, apart from each other."""
    shares = np.sort(rng.dirichlet(np.full(count, 6.0)))[::-1]
    sizes = (3000 * volume_ml * shares / (4 * np.pi)) ** (1 / 3)
    z, y, x = grid.axes()
    labels = np.zeros(grid.shape, np.uint8)
    placed: list[tuple[NDArray[np.float64], float]] = []
    for size in sizes:
        for _ in range(TRIES):
            at = rng.uniform(-1, 1, 3)
            place = at * (0.76 * radii - size)
            far = all(np.linalg.norm(place - other) > size + edge + APART_MM for other, edge in placed)
            if float(at @ at) < 1 and far:
                break
        else:
            continue
        placed.append((place, float(size)))
        distance: Image = np.sqrt((x - place[0]) ** 2 + (y - place[1]) ** 2 + (z - place[2]) ** 2)
        voxels = max(round(float(4 / 3 * np.pi * size**3) / 1000 / grid.voxel_ml), 1)
        nearest = np.argpartition(distance.ravel(), voxels)[:voxels]
        labels.ravel()[nearest] = len(placed)
    return labels


def _vessels(rng: np.random.Generator, grid: Grid, radii: NDArray[np.float64]) -> Mask:
    """Bent tubes through the brain."""
    z, y, x = grid.axes()
    found = np.zeros(grid.shape, bool)
    for _ in range(int(rng.integers(*VESSELS, endpoint=True))):
        at = rng.uniform(-0.6, 0.6, 3) * radii
        way, size = rng.standard_normal(3), float(rng.uniform(*VESSEL_MM))
        for _ in range(STEPS):
            way = way / np.linalg.norm(way) + 0.35 * rng.standard_normal(3)
            at = at + 2.0 * way / np.linalg.norm(way)
            axes = zip((z, y, x), at[::-1], strict=True)
            near = tuple(slice(*np.searchsorted(axis.ravel(), (p - size, p + size))) for axis, p in axes)
            zz, yy, xx = z[near[0]], y[:, near[1]], x[:, :, near[2]]
            found[near] |= (xx - at[0]) ** 2 + (yy - at[1]) ** 2 + (zz - at[2]) ** 2 < size**2
    return found
