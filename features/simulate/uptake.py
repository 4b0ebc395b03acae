"""Uptake of FDG in a chest: a tumour, and streaks around it whose grain can be planted while their histogram stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from features.simulate.chest import ChestScan, Stream, with_noise
from features.simulate.grid import Grid, Image
from features.simulate.tissue import Tissue, weave

SHELL_MM = 12.0
AIR, LUNG, FAT, MUSCLE, BLOOD = 0.02, 0.45, 0.3, 0.8, 1.6  # SUV


@dataclass(frozen=True, slots=True)
class PetScanner:
    """A PET beside a CT. smoothing_mm: Gaussian sigma of its resolution; noise: sd at SUV 1, it grows with the root of SUV.

    gain: what the calibration makes of a true SUV of 1.
    """

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    smoothing_mm: float
    noise: float
    gain: float

    @property
    def grid(self) -> Grid:
        """Its grid, around the same point as that of the CT."""
        return Grid.centred(self.shape, self.spacing_mm)


def draw_uptake(scan: ChestScan, ct: Grid, scanner: PetScanner, tumour: Tissue, shell: Tissue, stream: Stream) -> Image:
    """SUV on the grid of the PET (z, y, x) of the patient whose CT this is. The shell is `SHELL_MM` thick, whatever lies there."""
    grid = scanner.grid
    hu, outside, lungs, inside = (
        _onto(grid, ct, part.astype(np.float32)) for part in (scan.hu, scan.outside_mm, scan.lungs, scan.tumour)
    )
    body = hu > -300
    uptake = np.full(grid.shape, AIR, np.float32)
    uptake[body] = FAT
    uptake[body & (hu > 0)] = MUSCLE
    uptake[body & (hu > 48) & (hu < 60)] = BLOOD
    uptake[lungs >= 0.5] = LUNG
    tumour_voxels = inside >= 0.5
    around = ~tumour_voxels & (outside <= SHELL_MM)
    uptake[around] = shell.histogram.mean
    uptake[tumour_voxels] = tumour.histogram.mean
    uptake = gaussian_filter(uptake, grid.voxels(scanner.smoothing_mm), mode="nearest")
    for word, where, tissue in (("uptake", tumour_voxels, tumour), ("streaks", around, shell)):
        white = stream(word).standard_normal(grid.shape, dtype=np.float32)
        weave(uptake, where, tissue, grid, scanner.smoothing_mm, white)
    uptake = np.maximum(uptake, np.float32(AIR))
    sd = scanner.noise * np.sqrt(uptake)
    noisy = with_noise(uptake, sd, grid, 0.7 * scanner.smoothing_mm, stream("counts"))
    suv: Image = np.maximum(noisy * np.float32(scanner.gain), np.float32(0))
    return suv


def _onto(grid: Grid, other: Grid, image: Image) -> Image:
    """An image of another grid at the voxels of this one, linear, the edge beyond its end."""
    places = [
        (axis.ravel() - origin) / step
        for axis, origin, step in zip(grid.axes(), other.origin_mm[::-1], other.spacing_mm[::-1], strict=True)
    ]
    moved: Image = map_coordinates(image, np.meshgrid(*places, indexing="ij"), order=1, mode="nearest")
    return moved
