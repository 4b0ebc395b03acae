"""Random fields: grain, streaks, slow bias, waves that can be turned, and equal histograms whatever the pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.special import ndtri

from features.simulate.grid import Grid, Image

Floats = NDArray[np.float64]
WAVES = 24


def smooth_field(rng: np.random.Generator, grid: Grid, sigma_mm: float) -> Image:
    """White noise under a Gaussian of this sigma, mean 0 and sd 1: the coarser the sigma, the coarser the grain."""
    return blurred(rng.standard_normal(grid.shape, dtype=np.float32), grid.voxels(sigma_mm))


def streaks(rng: np.random.Generator, grid: Grid, along_mm: float, across_mm: float, axis: int) -> Image:
    """A field whose grain is `along_mm` long along an axis (0, 1, 2: z, y, x) and `across_mm` wide; mean 0 and sd 1."""
    sigma = list(grid.voxels(across_mm))
    sigma[axis] = grid.voxels(along_mm)[axis]
    return blurred(rng.standard_normal(grid.shape, dtype=np.float32), sigma)


def blurred(white: Image, sigma: list[float] | tuple[float, ...]) -> Image:
    """The field under a Gaussian (sigma in voxels along z, y, x), brought to mean 0 and sd 1."""
    field: Image = gaussian_filter(white, sigma, mode="wrap", truncate=3.0)
    field -= field.mean()
    field /= field.std()
    return field


@dataclass(frozen=True, slots=True, eq=False)
class Rigid:
    """A motion of the patient: what is at p on a scan lies at matrix·p + shift_mm in the patient (x, y, z in mm)."""

    matrix: Floats
    shift_mm: Floats

    @classmethod
    def of(cls, degrees: tuple[float, float, float], shift_mm: tuple[float, float, float]) -> Rigid:
        """Turns about x, then y, then z, around the point 0, and then a shift."""
        matrix = np.eye(3)
        for axis, angle in enumerate(np.deg2rad(degrees)):
            turn = np.eye(3)
            first, second = [i for i in range(3) if i != axis]
            turn[first, first] = turn[second, second] = np.cos(angle)
            turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
            matrix = turn @ matrix
        return cls(matrix, np.array(shift_mm))

    def points(self, grid: Grid) -> tuple[Image, Image, Image]:
        """Where in the patient the grid's voxels lie: x, y, z in mm, each of the grid's shape."""
        z, y, x = grid.axes()
        moved = [a * x + b * y + c * z + t for (a, b, c), t in zip(self.matrix, self.shift_mm, strict=True)]
        right, back, up = (np.asarray(one, dtype=np.float32) for one in moved)
        return right, back, up


STILL = Rigid(np.eye(3), np.zeros(3))


@dataclass(frozen=True, slots=True, eq=False)
class Waves:
    """A smooth random field that is known everywhere: a sum of plane waves. It is the same in every scan of a patient.

    vectors: (waves, 3), x, y, z in radians a mm; phases: (waves,).
    """

    vectors: Floats
    phases: Floats

    @classmethod
    def draw(cls, rng: np.random.Generator, length_mm: float, *, waves: int = WAVES) -> Waves:
        """A field, nearly Gaussian with mean 0 and sd 1, whose correlation falls like a Gaussian of this sigma."""
        return cls(rng.standard_normal((waves, 3)) / length_mm, rng.uniform(0, 2 * np.pi, waves))

    def sample(self, grid: Grid, motion: Rigid = STILL) -> Image:
        """Its values on a grid, on which the patient lies as the motion tells."""
        z, y, x = grid.axes()
        turned = self.vectors @ motion.matrix
        phases = self.phases + self.vectors @ motion.shift_mm
        first = np.exp(1j * (np.outer(turned[:, 2], z.ravel()) + phases[:, None])).astype(np.complex64)
        second = np.exp(1j * np.outer(turned[:, 1], y.ravel())).astype(np.complex64)
        third = np.exp(1j * np.outer(turned[:, 0], x.ravel())).astype(np.complex64)
        planes = first[:, :, None] * second[:, None, :]
        field = np.zeros(grid.shape, dtype=np.float32)
        for plane, line in zip(
            planes, third, strict=True
        ):  # no matrix product: its sums depend on the number of threads
            field += plane.real[:, :, None] * line.real - plane.imag[:, :, None] * line.imag
        return field * np.float32(np.sqrt(2 / len(self.phases)))


def bias_field(rng: np.random.Generator, grid: Grid, strength: float) -> Image:
    """What a receive coil does: a factor whose log has this sd over the image and varies over about half of its width."""
    wide = max(n * step for n, step in zip(grid.shape[::-1], grid.spacing_mm, strict=True))
    field = Waves.draw(rng, wide / 3, waves=6).sample(grid)
    return np.asarray(np.exp(strength * (field - field.mean())), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Histogram:
    """A distribution of intensities that says nothing of the truth. skew: 0 is a normal one."""

    mean: float
    sd: float
    skew: float = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator, mean: float, sd: float, *, spread: float = 0.25) -> Histogram:
        """A patient's own: log-normal sd with this sd of its log, a mean that moves by half a sd, some skew."""
        return cls(
            mean + 0.5 * sd * float(rng.standard_normal()),
            sd * float(np.exp(spread * rng.standard_normal())),
            0.3 * float(rng.standard_normal()),
        )

    def quantiles(self, n: int) -> Floats:
        """`n` intensities in rising order, of exactly this mean and sd."""
        values = np.sinh(np.arcsinh(ndtri((np.arange(n) + 0.5) / n)) + self.skew)
        spread = values.std()
        return np.asarray(self.mean + self.sd * (values - values.mean()) / (spread if spread else 1.0))


def rank_map(values: NDArray[np.float32], histogram: Histogram) -> NDArray[np.float32]:
    """The same pattern with the histogram's intensities: the n-th smallest value becomes the n-th quantile.

    First-order features of the result depend on the histogram and the number of voxels, not on the pattern.
    """
    out = np.empty(values.size, dtype=np.float32)
    out[np.argsort(values, kind="stable")] = histogram.quantiles(values.size)
    return out
