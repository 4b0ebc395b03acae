"""Voxels of a head on CT without contrast agent: a dense focus in one of five places, and a skull, each with a grain of its own.

Blood and what only looks like it (calcification, thick dura, choroid plexus) have one place, volume and histogram: the grain alone
tells them apart. That of the focus is seen in the window of the brain, that of the skull in the window of bone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from features.simulate.chest import Stream
from features.simulate.fields import Histogram, Waves, smooth_field
from features.simulate.grid import Grid, Image, Mask
from features.simulate.lesion import Lesion, innermost
from features.simulate.site import Site
from features.simulate.tissue import Tissue, weave

PLACES = ("intraparenchymal", "intraventricular", "subdural", "epidural", "subarachnoid")
FOCUS, SKULL, HEAD = 1, 2, 3  # of the label map; HEAD is all else within the skull
AIR, SCALP, BONE, FLUID, GREY, WHITE = range(6)
FOCUS_HU, BONE_HU = (62.0, 7.0), (850.0, 210.0)  # mean and sd
TISSUES_HU = np.array([-1000, 15, BONE_HU[0], 8, 37, 29], np.float32)
TISSUE_SD, NOISE_HU = 2.0, 5.0  # of the grain of healthy tissue; of noise at a site of noise 1


@dataclass(frozen=True, slots=True)
class Planted:
    """What is planted in one head. place: one of `PLACES`; grains: Gaussian sigmas of focus and skull."""

    place: str
    volume_ml: float
    focus_grain_mm: float
    bone_grain_mm: float


def scan(planted: Planted, site: Site, stream: Stream) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
    """HU and label map (z, y, x) of a patient as the site's scanner shows it."""
    grid, rng = site.grid, stream("anatomy")
    tissue, out, folds = _tissue(rng, grid)
    focus = _focus(rng, planted, grid, tissue, out, folds)
    labels = np.where(tissue > BONE, HEAD, 0).astype(np.uint8)
    labels[tissue == BONE], labels[focus] = SKULL, FOCUS
    image = TISSUES_HU[tissue]
    image += np.float32(TISSUE_SD) * smooth_field(stream("tissue"), grid, 4.0) * (tissue > BONE)
    image[focus] = FOCUS_HU[0]
    blur = grid.voxels(site.smoothing_mm)
    image = gaussian_filter(image, blur, mode="nearest", truncate=3.0)
    noise = gaussian_filter(
        stream("noise").standard_normal(grid.shape, dtype=np.float32), blur, mode="wrap", truncate=3.0
    )
    image += np.float32(NOISE_HU * site.noise) * noise / noise.std()
    own = stream("histograms")
    for part, (mean, sd), grain, word in (
        (focus, FOCUS_HU, planted.focus_grain_mm, "grain"),
        (labels == SKULL, BONE_HU, planted.bone_grain_mm, "diploe"),
    ):
        histogram = Histogram.draw(own, mean, sd)
        image[part] = histogram.mean  # the scanner's noise is in the grain, and leaves the histogram as it is
        white = stream(word).standard_normal(grid.shape, dtype=np.float32)
        weave(image, part, Tissue(histogram, grain), grid, site.smoothing_mm, white)
    return np.clip(np.rint(image + site.offset), -1024, 3071).astype(np.int16), labels


def _tissue(rng: np.random.Generator, grid: Grid) -> tuple[NDArray[np.int8], Image, Image]:
    """Tissue of each voxel; how far out it is, 1 at the skin; the field whose zeros are folds."""
    z, y, x = grid.axes()
    a, b, c = (np.float32(radius) for radius in rng.uniform((66, 82, 47), (73, 89, 51)))
    out = np.sqrt((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2)
    tissue = np.zeros(grid.shape, np.int8)
    tissue[out < 1.0], tissue[out < 0.95] = SCALP, BONE
    brain, folds = out < 0.83, Waves.draw(rng, 6.0).sample(grid)
    tissue[brain] = np.where(folds + 5 * (0.7 - out) > 0, WHITE, GREY)[brain]
    tissue[brain & (np.abs(folds) < 0.3) & (out > 0.66)] = FLUID
    u, v, w = (np.float32(radius) for radius in rng.uniform((11, 24, 10), (14, 30, 13)))
    tissue[brain & (((np.abs(x) - u) / u) ** 2 + ((y - 4) / v) ** 2 + ((z - 4) / w) ** 2 < 1)] = FLUID
    return tissue, out, folds


def _focus(
    rng: np.random.Generator, planted: Planted, grid: Grid, tissue: NDArray[np.int8], out: Image, folds: Image
) -> Mask:
    """Where the focus is: of the planted volume, as far as its place has room."""
    inside = tissue > BONE
    side = 1.0 if rng.random() < 0.5 else -1.0
    at = (side * float(rng.uniform(24, 34)), float(rng.uniform(-28, 28)), float(rng.uniform(-6, 14)))
    if planted.place == "intraventricular":
        at = (side * 12.0, float(rng.uniform(-8, 12)), 4.0)
        inside &= (tissue == FLUID) & (out < 0.66)
    lesion = Lesion.draw(rng, at, 0.12)
    if planted.place in ("intraparenchymal", "intraventricular"):
        return innermost(lesion.distance(grid), planted.volume_ml, grid, inside)
    z, y, x = grid.axes()
    wide = np.sqrt((x - side * 52) ** 2 + (y - at[1]) ** 2 + (z - at[2]) ** 2)
    if planted.place == "subarachnoid":
        return innermost(wide, planted.volume_ml, grid, inside & (np.abs(folds) < 0.55) & (out > 0.55))
    across, along = (4.0, 46.0) if planted.place == "subdural" else (9.0, 20.0)  # a crescent, a lens
    depth = 75 * np.maximum(0.83 - out, 0)
    return innermost(np.sqrt((depth / across) ** 2 + (wide / along) ** 2), planted.volume_ml, grid, inside)
