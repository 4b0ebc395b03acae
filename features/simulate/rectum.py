"""Voxels of a pelvis with a rectal tumour: T2, diffusion and contrast dynamics of one patient, in one frame of reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from features.simulate.fields import Histogram, Waves, bias_field, rank_map, smooth_field
from features.simulate.grid import Grid, Image, Mask
from features.simulate.lesion import Lesion, innermost
from features.simulate.site import Site

B_VALUES = (0, 1000)  # s/mm²
PHASES_S = (0, 60, 150)  # when each begins; the first is before the contrast agent
RIM_MM = 2.5  # the lesion's tissue goes on so far beyond what is drawn, as with readers who spare the blurred rim
ORDINARY_GRAIN_MM = 3.0
# Air and gas, fat, muscle, bone, bladder, wall of the rectum.
T2 = (0.0, 800.0, 220.0, 350.0, 1400.0, 420.0)
S0 = (0.0, 500.0, 900.0, 450.0, 2400.0, 1300.0)  # diffusion signal at b = 0
ADC = (0.0, 400.0, 1500.0, 600.0, 2900.0, 1450.0)  # 1e-6 mm²/s
T1 = (0.0, 900.0, 420.0, 380.0, 250.0, 430.0)  # before the contrast agent
UPTAKE = (0.0, 20.0, 90.0, 60.0, 10.0, 220.0)  # what it adds in the second phase
WASH = (0.0, 1.0, 0.8)  # share of the uptake in each phase
TISSUE_SD = 0.04  # of grain in healthy tissue, as a share of its intensity


@dataclass(frozen=True, slots=True)
class Tumour:
    """What is planted in one patient: volume, and the sigma of the grain of ADC and of uptake."""

    volume_ml: float
    adc_grain_mm: float
    uptake_grain_mm: float


class Pelvis:
    """A patient's pelvis, the same in every series."""

    def __init__(self, rng: np.random.Generator, tumour: Tumour, grid: Grid) -> None:
        self.body_mm = rng.uniform((80, 62), (86, 70))
        self.lumen_mm = float(rng.uniform(5, 8))
        self.bend = Waves.draw(rng, 40.0, waves=8)
        angle = float(rng.uniform(0, 2 * np.pi))
        place = (13 * float(np.cos(angle)), 34 + 13 * float(np.sin(angle)), float(rng.uniform(-10, 10)))
        self.lesion = Lesion.draw(rng, place, 0.2)
        self.bladder_mm = rng.uniform((20, 14, 16), (28, 20, 24))
        distance = self.lesion.distance(grid)
        self.drawn = innermost(distance, tumour.volume_ml, grid, self.tissue(grid) < 5)
        self.edge_mm = float(distance[self.drawn].max())

    def tissue(self, grid: Grid) -> NDArray[np.int8]:
        """0 to 5: air, fat, muscle, bone, bladder, wall; 6: gas in the rectum."""
        z, y, x = grid.axes()
        a, b = (np.float32(one) for one in self.body_mm)
        out = (x / a) ** 2 + (y / b) ** 2 + 0 * z
        tissue = np.where(out < 1, 1, 0).astype(np.int8)
        tissue[out < 0.72] = 2
        for side in (-1, 1):
            tissue[(((x - side * 52) / 17) ** 2 + ((y + 5) / 17) ** 2 + (z / 24) ** 2) < 1] = 3
        u, v, w = (np.float32(one) for one in self.bladder_mm)
        tissue[((x / u) ** 2 + ((y + 22) / v) ** 2 + ((z - 8) / w) ** 2) < 1] = 4
        middle = 4 * self.bend.sample(grid)
        tube = np.hypot(x - middle, y - 34 + 0 * z)
        tissue[tube < self.lumen_mm + 5] = 5
        tissue[tube < self.lumen_mm] = 6
        return tissue

    def tumour(self, grid: Grid, tissue: NDArray[np.int8], rim_mm: float) -> Mask:
        """The lesion on a grid, with so much of a rim."""
        return np.asarray((self.lesion.distance(grid) <= self.edge_mm + rim_mm) & (tissue < 5))


def t2(pelvis: Pelvis, site: Site, rng: np.random.Generator) -> NDArray[np.uint16]:
    """The T2-weighted volume: nothing is planted in it."""
    grid = site.grid
    tissue = pelvis.tissue(grid)
    pattern = _pattern(rng, grid, ORDINARY_GRAIN_MM, site)
    image = _healthy(rng, T2, tissue, grid, site)
    lesion = pelvis.tumour(grid, tissue, RIM_MM)
    image[lesion] = rank_map(pattern[lesion], Histogram.draw(rng, 560, 70, spread=0.35))
    return _stored(image * bias_field(rng, grid, site.bias) * np.float32(site.gain))


def diffusion(
    pelvis: Pelvis, grid: Grid, site: Site, grain_mm: float, rng: np.random.Generator
) -> list[NDArray[np.uint16]]:
    """A volume for each b-value. In the tumour the ADC has the planted grain and the patient's own histogram."""
    tissue = pelvis.tissue(grid)
    lesion = pelvis.tumour(grid, tissue, RIM_MM)
    adc = _healthy(rng, ADC, tissue, grid, site)
    adc[lesion] = rank_map(_pattern(rng, grid, grain_mm, site)[lesion], Histogram.draw(rng, 1050, 130, spread=0.35))
    signal = _healthy(rng, S0, tissue, grid, site)
    signal[lesion] = rank_map(
        _pattern(rng, grid, ORDINARY_GRAIN_MM, site)[lesion], Histogram.draw(rng, 1700, 120, spread=0.3)
    )
    signal *= bias_field(rng, grid, site.bias) * np.float32(site.gain * 6)
    adc *= np.float32(1 + 0.02 * rng.standard_normal())  # gradients are not calibrated alike
    return [_stored(signal * np.exp(np.float32(-b * 1e-6) * np.maximum(adc, 0))) for b in B_VALUES]


def dynamics(
    pelvis: Pelvis, grid: Grid, site: Site, grain_mm: float, rng: np.random.Generator
) -> list[NDArray[np.uint16]]:
    """A volume for each phase. In the tumour the uptake has the planted grain and the patient's own histogram."""
    tissue = pelvis.tissue(grid)
    lesion = pelvis.tumour(grid, tissue, RIM_MM)
    before = _healthy(rng, T1, tissue, grid, site)
    before[lesion] = rank_map(
        _pattern(rng, grid, ORDINARY_GRAIN_MM, site)[lesion], Histogram.draw(rng, 440, 40, spread=0.3)
    )
    uptake = _healthy(rng, UPTAKE, tissue, grid, site)
    uptake[lesion] = rank_map(_pattern(rng, grid, grain_mm, site)[lesion], Histogram.draw(rng, 380, 60, spread=0.35))
    coil = bias_field(rng, grid, site.bias) * np.float32(site.gain * 2)
    return [_stored((before + np.float32(share) * uptake) * coil) for share in WASH]


def _pattern(rng: np.random.Generator, grid: Grid, grain_mm: float, site: Site) -> Image:
    """Grain under the scanner's blur, and its noise."""
    blur = grid.voxels(site.smoothing_mm)
    noise = gaussian_filter(rng.standard_normal(grid.shape, dtype=np.float32), blur, mode="wrap", truncate=3.0)
    grain = smooth_field(rng, grid, float(np.hypot(grain_mm, site.smoothing_mm)))
    return np.asarray(grain + np.float32(site.noise / noise.std()) * noise)


def _healthy(
    rng: np.random.Generator, means: tuple[float, ...], tissue: NDArray[np.int8], grid: Grid, site: Site
) -> Image:
    """Tissue without a lesion, blurred, with grain and noise. Gas is as dark as air."""
    image = np.array([*means, means[0]], dtype=np.float32)[tissue]
    image = gaussian_filter(image, grid.voxels(site.smoothing_mm), mode="nearest", truncate=3.0)
    image *= 1 + np.float32(TISSUE_SD) * _pattern(rng, grid, ORDINARY_GRAIN_MM, site)
    speckle = np.abs(rng.standard_normal(grid.shape, dtype=np.float32))
    return np.asarray(image + np.float32(0.01 * max(means)) * speckle)


def _stored(image: Image) -> NDArray[np.uint16]:
    return np.clip(np.rint(image), 0, 65535).astype(np.uint16)
