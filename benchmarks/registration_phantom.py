"""Phantoms of registration: a head, a trunk, each seen by several kinds of image, anywhere in space.

A phantom is a function of points in mm, so that an image of it after a planted move is exact: no image is made of another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.region import Vector, Volume

Points = NDArray[np.float64]
# Intensity of each tissue, by what looks at it.
HEAD: Mapping[str, tuple[float, ...]] = {  # air, scalp, skull, fluid, grey matter, white matter, nuclei, tumour
    "t1": (0.0, 0.9, 0.1, 0.2, 0.55, 0.8, 0.65, 0.45),
    "t1c": (0.0, 0.9, 0.1, 0.2, 0.6, 0.8, 0.65, 1.2),
    "t2": (0.0, 0.7, 0.05, 1.0, 0.6, 0.4, 0.5, 0.85),
    "flair": (0.0, 0.7, 0.05, 0.1, 0.6, 0.5, 0.55, 0.95),
    "adc": (0.0, 0.1, 0.0, 3.0, 0.9, 0.7, 0.75, 1.3),
    "fdg": (0.0, 0.5, 0.2, 0.1, 6.0, 2.5, 6.5, 4.0),
}
TRUNK: Mapping[str, tuple[float, ...]] = {  # air, fat, muscle, lung, bone, heart, liver, kidney, tumour
    "ct": (-1000.0, -90.0, 50.0, -820.0, 450.0, 40.0, 60.0, 35.0, 45.0),
    "ct_contrast": (-1000.0, -90.0, 60.0, -810.0, 470.0, 180.0, 110.0, 200.0, 75.0),
    "pet": (0.0, 0.3, 0.8, 0.5, 1.0, 2.5, 2.3, 4.0, 8.0),
}


@dataclass(frozen=True)
class Grid:
    """Voxels of an image: shape (z, y, x), spacing (x, y, z) in mm; the image's centre lies at `centre`."""

    shape: tuple[int, int, int]
    spacing_mm: Vector
    centre: Vector = (0.0, 0.0, 0.0)

    @property
    def origin_mm(self) -> Vector:
        x, y, z = (
            c - step * (n - 1) / 2
            for c, step, n in zip(self.centre, self.spacing_mm, reversed(self.shape), strict=True)
        )
        return x, y, z

    def points(self) -> Points:
        """Places of all voxels in mm, (n, 3)."""
        z, y, x = np.indices(self.shape, np.float64)
        index = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)
        return index * np.array(self.spacing_mm) + np.array(self.origin_mm)


@dataclass(frozen=True)
class Move:
    """Where a point of the body went: matrix @ (p - centre) + centre + shift."""

    matrix: NDArray[np.float64]
    shift: Points
    centre: Vector = (0.0, 0.0, 0.0)

    def __call__(self, points: Points) -> Points:
        centre = np.array(self.centre)
        return np.asarray((points - centre) @ self.matrix.T + centre + self.shift)

    def back(self, points: Points) -> Points:
        centre = np.array(self.centre)
        return np.asarray((points - centre - self.shift) @ np.linalg.inv(self.matrix).T + centre)


def planted_move(
    rng: np.random.Generator, *, shift_mm: float, degrees: float, scale: float = 0.0, centre: Vector = (0.0, 0.0, 0.0)
) -> Move:
    """A move of `shift_mm` along some direction and of `degrees` about some axis; scales of axes up to 1 ± `scale`."""
    along, axis = (one / np.linalg.norm(one) for one in rng.normal(size=(2, 3)))
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = math.radians(degrees)
    turn = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
    return Move(turn @ np.diag(1 + scale * rng.uniform(-1, 1, 3)), shift_mm * along, centre)


def head(points: Points) -> NDArray[np.intp]:
    """The tissue of each point, as in HEAD. The head is about 150 × 190 × 160 mm."""
    p = points
    r = _radius(p, (0, 0, 0), (76, 95, 82))
    folds = sum(
        np.sin(p @ np.array(k) + phase)
        for k, phase in (((0.21, 0.05, 0.11), 0.3), ((-0.07, 0.24, 0.09), 1.1), ((0.1, -0.12, 0.23), 2.0))
    )
    found = np.zeros(len(p), np.intp)
    found[r < 1.0] = 1
    found[r < 0.93] = 2
    found[r < 0.86] = 3
    found[r < 0.83 + 0.012 * folds] = 4
    found[r < 0.70 + 0.05 * folds] = 5
    found[(np.abs(p[:, 0]) < 1.5) & (r < 0.83) & (p[:, 2] > 10)] = 3  # between the halves
    for side in (-1, 1):
        found[_radius(p, (side * 24, -2, 2), (9, 17, 10)) < 1] = 6
        found[_radius(p, (side * 11, -8, 12), (6, 27, 9)) < 1] = 3
    found[_radius(p, (0, 45, -45), (38, 24, 20)) < 1] = 4  # cerebellum
    found[_radius(p, (0, 18, -45), (11, 12, 30)) < 1] = 5  # brain stem
    found[_radius(p, (30, -32, 28), (13, 13, 13)) < 1] = 7
    return found


HEAD_ROI = (30.0, -32.0, 28.0), 13.0  # centre and radius in mm of the tumour


def trunk(points: Points) -> NDArray[np.intp]:
    """The tissue of each point, as in TRUNK. The trunk is about 340 × 230 mm and 420 mm long."""
    p = points
    body = np.hypot(p[:, 0] / 170, p[:, 1] / (115 + 6 * np.sin(p[:, 2] / 60)))
    inside = np.abs(p[:, 2]) < 210
    found = np.zeros(len(p), np.intp)
    found[(body < 1) & inside] = 1
    found[(body < 0.9) & inside] = 2
    for side in (-1, 1):
        found[_radius(p, (side * 75, -5, 75), (52, 72, 115)) < 1] = 3
        found[_radius(p, (side * 60, 55, -110), (27, 22, 48)) < 1] = 7
    found[_radius(p, (20, -25, 25), (48, 42, 46)) < 1] = 5
    found[_radius(p, (-65, -15, -75), (78, 68, 62)) < 1] = 6
    disc = np.abs((p[:, 2] + 400) % 32 - 16) > 3.5
    found[(_radius(p * (1, 1, 0), (0, 72, 0), (19, 17, 1)) < 1) & inside & disc] = 4
    rib = (np.abs((p[:, 2] + 0.25 * p[:, 1] + 400) % 27 - 13.5) < 4) & (body > 0.84) & (body < 0.9)
    found[rib & (p[:, 2] > -40) & (p[:, 2] < 200)] = 4
    found[_radius(p, (-82, 12, 95), (17, 17, 17)) < 1] = 8
    return found


TRUNK_ROI = (-82.0, 12.0, 95.0), 17.0


def roi_points(roi: tuple[Vector, float]) -> Points:
    """Places of a ball of the body, (n, 3): a grid of 4 mm."""
    centre, radius = roi
    steps = np.arange(-radius, radius + 1, 4.0)
    grid = np.stack([axis.ravel() for axis in np.meshgrid(steps, steps, steps)], axis=1)
    return np.asarray(grid[np.linalg.norm(grid, axis=1) <= radius] + np.array(centre))


def picture_of(
    body: str,
    look: str,
    grid: Grid,
    rng: np.random.Generator,
    *,
    move: Move | None = None,
    noise: float = 0.0,
    psf_mm: float = 1.0,
    bias: float = 0.0,
) -> Volume:
    """An image of the body after it moved. noise: SD as a share of the image's range (1st to 99th percentile); psf_mm:
    SD of the blur; bias: slow variation of an MR, as a share."""
    tissues, looks = (head, HEAD) if body == "head" else (trunk, TRUNK)
    points = grid.points()
    labels = tissues(points if move is None else move.back(points)).reshape(grid.shape)
    image = np.array(looks[look])[labels]
    image = ndimage.gaussian_filter(image, [psf_mm / step for step in reversed(grid.spacing_mm)])
    if bias:
        image *= 1 + bias * np.sin(points @ np.array([0.011, 0.007, -0.009]) + 0.7).reshape(grid.shape)
    spread = float(np.subtract(*np.percentile(image, [99, 1])))
    image = image + noise * spread * rng.normal(size=grid.shape)
    return Volume(image.astype(np.float32), grid.spacing_mm, grid.origin_mm)


def ball(roi: tuple[Vector, float], grid: Grid, move: Move | None = None) -> NDArray[np.bool_]:
    """The mask of a ROI on a grid, after the body moved."""
    points = grid.points()
    points = points if move is None else move.back(points)
    return np.asarray((np.linalg.norm(points - np.array(roi[0]), axis=1) <= roi[1]).reshape(grid.shape))


def _radius(points: Points, centre: Vector, radii: Vector) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm((points - np.array(centre)) / np.array(radii), axis=1))
