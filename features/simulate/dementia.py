"""Voxels of an ageing brain in 30 regions: a template with its atlas, and T1 and FDG-PET of one patient near it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from features.simulate.fields import STILL, Rigid, Waves, bias_field, smooth_field
from features.simulate.grid import Grid, Image
from features.simulate.site import Site

TEMPLATE = Grid.centred((36, 46, 38), (4.0, 4.0, 4.0))
# Of the right side: the middle (x, y, z in mm, LPS: left, posterior and up are positive), how near it is held to be, and
# whether the disease takes from it (-1) or spares it (+1).
PARTS: dict[str, tuple[tuple[float, float, float], float, int]] = {
    "hippocampus": ((-24, 14, -16), 1.5, -1),
    "amygdala": ((-22, -4, -18), 1.6, -1),
    "posterior_cingulate": ((-8, 44, 22), 1.3, -1),
    "precuneus": ((-10, 58, 36), 0.85, -1),
    "parietal": ((-40, 48, 36), 0.85, -1),
    "temporal_lateral": ((-52, 22, -8), 1.0, -1),
    "temporal_pole": ((-38, -16, -26), 1.1, -1),
    "frontal_medial": ((-10, -54, 14), 1.0, 1),
    "frontal_lateral": ((-40, -34, 24), 1.0, -1),
    "orbital": ((-22, -40, -16), 1.1, 1),
    "sensorimotor": ((-36, 8, 46), 1.0, 1),
    "occipital": ((-18, 74, 6), 1.0, 1),
    "caudate": ((-14, -14, 8), 1.5, 1),
    "thalamus": ((-12, 16, 8), 1.5, 1),
    "cerebellum": ((-24, 54, -36), 0.9, 1),
}
REGIONS = tuple(f"{side}_{part}" for part in PARTS for side in ("right", "left"))
HEAD_MM, BRAIN = (70.0, 86.0, 66.0), 0.84
# Air, scalp, skull, fluid, grey, white matter.
T1 = (0.0, 880.0, 120.0, 200.0, 450.0, 620.0)
UPTAKE = (0.0, 1.0, 0.5, 0.6, 8.0, 3.6)  # SUV
T1_SD, T1_NOISE_SD, PET_NOISE_SD = 16.0, 40.0, 0.55
PET_BLUR_MM = 2.6
# Folds that all brains share, and how much of each patient's folds they are; the rest is the patient's own.
SHARED, COMMON = Waves.draw(np.random.default_rng(0), 7.0), 0.85


@dataclass(frozen=True, slots=True, eq=False)
class Brain:
    """What is planted in one patient, by region in the order of REGIONS.

    uptake: factors of the grey matter's uptake; thinning: how much wider the fluid between folds is; global_suv: the mean
    over all regions. place: where the scans lie in the template, an affine map in the form of a motion.
    """

    uptake: NDArray[np.float64]
    thinning: NDArray[np.float64]
    global_suv: float
    place: Rigid


@cache
def signs() -> NDArray[np.float64]:
    """+1 and -1 of each region, scaled on either side so that the template's voxels weigh the same: the mean is 0."""
    taken = np.array([PARTS[name.partition("_")[2]][2] for name in REGIONS], dtype=np.float64)
    sizes = np.bincount(atlas(TEMPLATE, STILL).ravel(), minlength=len(REGIONS) + 1)[1:]
    less, more = sizes[taken < 0].sum(), sizes[taken > 0].sum()
    return np.where(taken < 0, -1.0, float(less / more))


def atlas(grid: Grid, place: Rigid) -> NDArray[np.uint8]:
    """The label map: 1 to 30 in the order of REGIONS, 0 outside the brain. Each voxel is of the region that is nearest."""
    x, y, z = place.points(grid)
    inside = _out(x, y, z) < BRAIN
    points = np.stack([np.abs(x[inside]), y[inside], z[inside]])
    middles = np.array([(-part[0][0], *part[0][1:]) for part in PARTS.values()], dtype=np.float32)
    weights = np.array([part[1] for part in PARTS.values()], dtype=np.float32)
    distance = np.stack(
        [
            weight * np.sqrt(((points - middle[:, None]) ** 2).sum(axis=0))
            for middle, weight in zip(middles, weights, strict=True)
        ]
    )
    labels = np.zeros(grid.shape, dtype=np.uint8)
    labels[inside] = 2 * distance.argmin(axis=0) + 1 + (x[inside] > 0)
    return labels


def tissue(grid: Grid, place: Rigid, folds: Waves | None, widening: Image | float) -> NDArray[np.int8]:
    """0 to 5: air, scalp, skull, fluid, grey, white. folds: the patient's own; None: those of the template.

    widening: of the fluid between folds, 0 for none, by voxel.
    """
    x, y, z = place.points(grid)
    out = _out(x, y, z)
    found = np.zeros(grid.shape, dtype=np.int8)
    for number, edge in enumerate((1.0, 0.94, 0.88), 1):
        found[out < edge] = number
    brain = out < BRAIN
    wave = SHARED.sample(grid, place)
    if folds is not None:
        wave = np.float32(COMMON) * wave + np.float32(np.sqrt(1 - COMMON**2)) * folds.sample(grid, place)
    found[brain] = np.where(wave + 5 * (0.66 - out) > 0, 5, 4)[brain]
    deep = np.sqrt(((np.abs(x) - 14) / 12) ** 2 + ((y - 4) / 22) ** 2 + ((z - 2) / 14) ** 2) < 1
    found[deep] = 4
    fluid = ((np.abs(x) - 9) / 7) ** 2 + ((y - 6) / 26) ** 2 + ((z - 18) / 8) ** 2 < 1
    found[fluid & brain] = 3
    found[brain & (np.abs(wave) < 0.30 * (1 + widening)) & (out > 0.45)] = 3
    return found


def template() -> NDArray[np.int16]:
    """The T1 that the atlas is drawn on: a brain between all others, without noise."""
    means = np.array(T1, dtype=np.float32)[tissue(TEMPLATE, STILL, None, 0.0)]
    return np.asarray(np.rint(gaussian_filter(means, 0.5)), dtype=np.int16)


def t1(brain: Brain, folds: Waves, site: Site, rng: np.random.Generator) -> tuple[NDArray[np.int16], NDArray[np.int8]]:
    """The T1-weighted volume, and the tissues in it."""
    grid = site.grid
    labels = atlas(grid, brain.place)
    widening = np.concatenate([[0.0], brain.thinning]).astype(np.float32)[labels]
    tissues = tissue(grid, brain.place, folds, widening)
    image = np.array(T1, dtype=np.float32)[tissues]
    image += np.float32(T1_SD) * smooth_field(rng, grid, 6.0) * (tissues > 2)
    image = gaussian_filter(image, grid.voxels(site.smoothing_mm), mode="nearest", truncate=3.0)
    image += np.float32(T1_NOISE_SD * site.noise) * rng.standard_normal(grid.shape, dtype=np.float32)
    image *= bias_field(rng, grid, site.bias) * np.float32(site.gain)
    return np.clip(np.rint(image), 0, 32767).astype(np.int16), tissues


def pet(brain: Brain, tissues: NDArray[np.int8], site: Site, rng: np.random.Generator) -> Image:
    """The uptake in SUV: the mean over all regions is the patient's own, whatever the pattern."""
    grid = site.grid
    labels = atlas(grid, brain.place)
    factor = np.concatenate([[1.0], brain.uptake]).astype(np.float32)[labels]
    image = np.array(UPTAKE, dtype=np.float32)[np.where(tissues == 3, np.where(labels > 0, 4, 3), tissues)] * factor
    blur = grid.voxels(PET_BLUR_MM + site.smoothing_mm)
    image = gaussian_filter(image, blur, mode="nearest", truncate=3.0)
    noise = gaussian_filter(rng.standard_normal(grid.shape, dtype=np.float32), grid.voxels(4.0), mode="wrap")
    image += np.float32(PET_NOISE_SD * site.noise / noise.std()) * noise * np.sqrt(np.maximum(image, 0) / 8)
    image *= np.float32(brain.global_suv * site.gain / image[labels > 0].mean())
    return np.asarray(np.maximum(image, 0), dtype=np.float32)


def _out(x: Image, y: Image, z: Image) -> Image:
    """How far out a point of the template is: 1 on the skin."""
    a, b, c = (np.float32(radius) for radius in HEAD_MM)
    return np.asarray(np.sqrt((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2))
