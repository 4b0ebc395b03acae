"""Voxels of a head with a glioma: T1, T1 with contrast agent, T2, FLAIR and ADC of one patient, still or moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from features.simulate.fields import STILL, Histogram, Rigid, Waves, bias_field, rank_map, smooth_field
from features.simulate.grid import Grid, Image, Mask
from features.simulate.lesion import Lesion, innermost
from features.simulate.site import Site

NECROSIS, OEDEMA, ENHANCING = 1, 2, 4  # the labels of BraTS
SEQUENCES = ("t1", "t1c", "t2", "flair", "adc")
CALIBRATED = "adc"  # in 1e-6 mm²/s: no gain, no bias field
# Intensities of air, scalp, skull, fluid, grey and white matter; arbitrary but for the ADC.
TISSUES: dict[str, tuple[float, ...]] = {
    "t1": (0, 900, 120, 200, 450, 620),
    "t1c": (0, 930, 120, 210, 470, 640),
    "t2": (0, 700, 80, 1000, 560, 420),
    "flair": (0, 650, 60, 120, 480, 400),
    "adc": (0, 300, 100, 2900, 820, 740),
}
# Mean and sd of the lesion's parts, before each patient's own are drawn.
LESION: dict[str, dict[int, tuple[float, float]]] = {
    "t1": {OEDEMA: (440, 40), ENHANCING: (420, 45), NECROSIS: (360, 40)},
    "t1c": {OEDEMA: (450, 45), ENHANCING: (820, 100), NECROSIS: (660, 90)},
    "t2": {OEDEMA: (760, 65), ENHANCING: (660, 70), NECROSIS: (820, 70)},
    "flair": {OEDEMA: (780, 80), ENHANCING: (640, 65), NECROSIS: (580, 65)},
    "adc": {OEDEMA: (1350, 130), ENHANCING: (1080, 140), NECROSIS: (1250, 150)},
}
ORDINARY_GRAIN_MM = 3.0  # of what no hidden state shapes
TISSUE_SD = 18.0  # of grain in healthy tissue
NOISE_SD = 45.0  # of an image whose site has noise 1


@dataclass(frozen=True, slots=True)
class Glioma:
    """What is planted in one patient. necrosis: its share of the tumour, 0 for none. grain_mm: sequence → sigma of the grain."""

    core_ml: float
    oedema_ml: float
    necrosis: float
    bumpiness: float
    grain_mm: Mapping[str, float]


class Head:
    """A patient's head, the same in every sequence: built once, seen on any grid, still or moved."""

    def __init__(self, rng: np.random.Generator, glioma: Glioma, grid: Grid) -> None:
        self.radii_mm = rng.uniform((66, 82, 60), (73, 89, 65))
        self.folds, self.depth = Waves.draw(rng, 6.0), Waves.draw(rng, 14.0)
        self.ventricles_mm = rng.uniform((11, 24, 9), (14, 30, 13))
        side = 1.0 if rng.random() < 0.5 else -1.0
        place = (side * float(rng.uniform(26, 36)), float(rng.uniform(-30, 30)), float(rng.uniform(-4, 16)))
        self.tumour = Lesion.draw(rng, place, glioma.bumpiness)
        self.halo = Lesion.draw(rng, place, 0.15, bump_mm=12.0)
        self.centre = Waves.draw(rng, 10.0)
        self.necrosis = glioma.necrosis
        tissue, inside = self.tissue(grid)
        tumour = self.tumour.distance(grid)
        core = innermost(tumour, glioma.core_ml, grid, inside)
        self.core_edge = float(tumour[core].max())
        halo = np.where(core, np.float32(-1), self.halo.distance(grid))
        both = innermost(halo, glioma.core_ml + glioma.oedema_ml, grid, inside)
        self.halo_edge = float(halo[both].max())
        middle = self._middle(tumour, grid, STILL)
        self.middle_edge = float(np.quantile(middle[core], glioma.necrosis)) if glioma.necrosis else -float(np.inf)
        self.still = self._labels(core, both, middle)
        self.still_tissue = tissue

    def tissue(self, grid: Grid, motion: Rigid = STILL) -> tuple[NDArray[np.int8], Mask]:
        """Tissue (0 to 5: air, scalp, skull, fluid, grey, white) of every voxel; and where a lesion may be: in the brain."""
        x, y, z = motion.points(grid)
        a, b, c = (np.float32(radius) for radius in self.radii_mm)
        out = np.sqrt((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2)
        tissue = np.zeros(grid.shape, dtype=np.int8)
        for number, edge in enumerate((1.0, 0.93, 0.86), 1):
            tissue[out < edge] = number
        brain = out < 0.82
        folds = self.folds.sample(grid, motion)
        tissue[brain] = np.where(folds + 5 * (0.7 - out) > 0, 5, 4)[brain]
        tissue[brain & (np.abs(folds) < 0.25) & (out > 0.68)] = 3
        u, v, w = (np.float32(radius) for radius in self.ventricles_mm)
        fluid = ((np.abs(x) - u) / u) ** 2 + ((y - 4) / v) ** 2 + ((z - 4) / w) ** 2 < 1
        tissue[fluid & brain] = 3
        return tissue, brain

    def labels(self, grid: Grid, motion: Rigid = STILL) -> NDArray[np.uint8]:
        """The label map of a scan: 1 necrosis, 2 oedema, 4 enhancing tumour."""
        if motion is STILL:
            return self.still
        _, inside = self.tissue(grid, motion)
        tumour = self.tumour.distance(grid, motion)
        core = inside & (tumour <= self.core_edge)
        both = core | (inside & (self.halo.distance(grid, motion) <= self.halo_edge))
        return self._labels(core, both, self._middle(tumour, grid, motion))

    def _middle(self, tumour: Image, grid: Grid, motion: Rigid) -> Image:
        return np.asarray(tumour / np.float32(self.core_edge) + 0.25 * self.centre.sample(grid, motion))

    def _labels(self, core: Mask, both: Mask, middle: Image) -> NDArray[np.uint8]:
        labels = np.zeros(core.shape, dtype=np.uint8)
        labels[both] = OEDEMA
        labels[core] = ENHANCING
        labels[core & (middle < self.middle_edge)] = NECROSIS
        return labels


def scan(
    head: Head,
    sequence: str,
    site: Site,
    glioma: Glioma,
    rng: np.random.Generator,
    motion: Rigid = STILL,
) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """A sequence as the site's scanner shows it, and the label map of that very scan.

    Each part of the lesion gets its grain and the scanner's blur and noise, and then the patient's own histogram, whatever
    the grain: first-order features of a part say nothing of the truth.
    """
    grid = site.grid
    tissue = head.still_tissue if motion is STILL else head.tissue(grid, motion)[0]
    labels = head.labels(grid, motion)
    means = np.array(TISSUES[sequence], dtype=np.float32)
    blur = grid.voxels(site.smoothing_mm)
    image = means[tissue]
    image += np.float32(TISSUE_SD) * smooth_field(rng, grid, ORDINARY_GRAIN_MM) * (tissue > 2)
    image = gaussian_filter(image, blur, mode="nearest", truncate=3.0)
    noise = gaussian_filter(rng.standard_normal(grid.shape, dtype=np.float32), blur, mode="wrap", truncate=3.0)
    noise /= noise.std()
    image += np.float32(NOISE_SD * site.noise) * noise
    grain = float(np.hypot(glioma.grain_mm.get(sequence, ORDINARY_GRAIN_MM), site.smoothing_mm))
    pattern = smooth_field(rng, grid, grain) + np.float32(site.noise) * noise
    for label, (mean, sd) in LESION[sequence].items():
        part = labels == label
        if part.any():
            image[part] = rank_map(pattern[part], Histogram.draw(rng, mean, sd, spread=0.5))
    if sequence == CALIBRATED:
        image *= np.float32(1 + 0.02 * rng.standard_normal())
    else:
        image *= bias_field(rng, grid, site.bias) * np.float32(site.gain)
    return np.clip(np.rint(image), 0, 32767).astype(np.int16), labels
