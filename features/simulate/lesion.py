"""Lesions of a planted volume and irregularity: at equal volume, a bumpy one has more surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import label

from features.simulate.fields import STILL, Rigid, Waves
from features.simulate.grid import Grid, Image, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Lesion:
    """A bumpy ball in a patient. place_mm: x, y, z; stretch: of its three axes; bumpiness: 0 is an ellipsoid, 0.5 is ragged."""

    place_mm: tuple[float, float, float]
    stretch: tuple[float, float, float]
    bumpiness: float
    bumps: Waves

    @classmethod
    def draw(
        cls, rng: np.random.Generator, place_mm: tuple[float, float, float], bumpiness: float, *, bump_mm: float = 6.0
    ) -> Lesion:
        """A lesion at a place; bump_mm: how wide its bumps are."""
        x, y, z = rng.uniform(0.88, 1.14, 3)
        return cls(place_mm, (float(x), float(y), float(z)), bumpiness, Waves.draw(rng, bump_mm))

    def distance(self, grid: Grid, motion: Rigid = STILL) -> Image:
        """How far out each voxel is: in mm along a ball without bumps."""
        points = motion.points(grid)
        squares = [
            ((at - place) / scale) ** 2 for at, place, scale in zip(points, self.place_mm, self.stretch, strict=True)
        ]
        bumps = np.clip(1 + self.bumpiness * self.bumps.sample(grid, motion), 0.35, 1.8)
        distance: Image = (np.sqrt(squares[0] + squares[1] + squares[2]) / bumps).astype(np.float32)
        return distance


def innermost(distance: Image, volume_ml: float, grid: Grid, allowed: Mask | None = None) -> Mask:
    """The voxels with the smallest distance: as many as make up the volume, the largest connected piece of them.

    allowed: where the lesion may be. Pieces that bumps cut off are made up for by voxels further out.
    """
    distance = distance if allowed is None else np.where(allowed, distance, np.float32(np.inf))
    wanted = min(max(round(volume_ml / grid.voxel_ml), 1), int(np.isfinite(distance).sum()))
    count = wanted
    for _ in range(4):
        count = min(count, int(np.isfinite(distance).sum()))
        inside = distance <= np.partition(distance.ravel(), count - 1)[count - 1]
        pieces, found = label(inside)
        if found == 1:
            break
        inside = pieces == np.bincount(pieces[inside]).argmax()
        lacking = wanted - int(inside.sum())
        if lacking <= 0.01 * wanted:
            break
        count += lacking
    return np.asarray(inside, dtype=bool)
