"""Voxels: a small thorax with lungs, vessels, bones and one tumour in a hazy rim, as a centre's scanner would show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, label

from features.simulate.acquisition import Acquisition
from features.simulate.fields import Histogram
from features.simulate.grid import Grid, Image, Mask
from features.simulate.patient import Tumour
from features.simulate.tissue import Tissue, weave

MARGIN_MM = 3.5  # the contour runs this far inside the tumour's edge, as with readers who spare the blurred rim
RIM_MM = 12.0  # how far the haze in the lung reaches around the tumour's edge
RIM_HU, RIM_SD, RIM_SHIFT, RIM_SPREAD = (
    -480.0,
    230.0,
    45.0,
    0.15,
)  # mean, sd, and how far a patient's mean and log sd stray
AIR, FAT, MUSCLE, LUNG, BLOOD, BONE = -1000.0, -95.0, 45.0, -850.0, 40.0, 320.0


@dataclass(frozen=True, slots=True)
class Anatomy:
    """A patient's build, the same at every time point. Lengths in mm from the middle of the image, axes as DICOM's LPS.

    seed: of the vessels, the tumour's shape, its texture and its rim, so that serial scans show one and the same tumour.
    """

    body_mm: tuple[float, float]
    tumour_mm: tuple[float, float, float]
    origin_z_mm: float
    seed: int


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A scan: hu int16, tumour and lungs bool, all (z, y, x). The lungs hold the tumour. origin_mm: first voxel's centre."""

    hu: NDArray[np.int16]
    tumour: Mask
    lungs: Mask
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]

    @property
    def grid(self) -> Grid:
        """Where its voxels are."""
        z, y, x = self.hu.shape
        return Grid((z, y, x), self.spacing_mm, self.origin_mm)


def draw_anatomy(rng: np.random.Generator) -> Anatomy:
    """A build and a tumour's place in the left or right lung."""
    half_x, half_y = float(rng.uniform(84, 91)), float(rng.uniform(64, 72))
    side = 1.0 if rng.random() < 0.5 else -1.0
    place = (
        side * half_x * float(rng.uniform(0.43, 0.52)),
        half_y * float(rng.uniform(-0.22, 0.12)),
        float(rng.uniform(-8, 8)),
    )
    return Anatomy((half_x, half_y), place, -0.5 * int(rng.integers(200, 700)), int(rng.integers(2**32)))


def render(anatomy: Anatomy, tumour: Tumour, acquisition: Acquisition, rng: np.random.Generator) -> Phantom:
    """The scan of a patient. The tumour has the asked volume to within a few voxels; `rng` draws the scanner's noise alone.

    In the lung around the tumour, outside of its contour, is a haze. Its intensities say nothing of the truth; their pattern is
    finer or coarser. Contours leave it out, and networks, which see what is around a contour, do not.
    """
    z, y, x = _grid(acquisition)
    own = np.random.default_rng(anatomy.seed)
    hu, lungs = draw_thorax(anatomy, z, y, x)
    hu[lungs] += draw_vessels(own, acquisition.shape, acquisition.spacing_mm)[lungs]
    mask, solid = _place_tumour(hu, lungs, anatomy, tumour, acquisition, own, (z, y, x))
    rim = (distance_transform_edt(~solid, sampling=_zyx(acquisition)) <= RIM_MM) & lungs & ~solid
    haze = Tissue(_draw_haze(own), tumour.rim_grain_mm)
    hu[rim] = haze.histogram.mean

    sigma = [acquisition.smoothing_mm / s for s in _zyx(acquisition)]
    noise = gaussian_filter(rng.standard_normal(hu.shape, dtype=np.float32), sigma, mode="wrap")
    hu = gaussian_filter(hu, sigma, mode="nearest")
    grid = Grid.centred(acquisition.shape, acquisition.spacing_mm)
    weave(hu, rim, haze, grid, acquisition.smoothing_mm, own.standard_normal(hu.shape, dtype=np.float32))
    hu += noise * np.float32(acquisition.noise_hu / noise.std()) + np.float32(acquisition.offset_hu)
    spacing = acquisition.spacing_mm
    origin = (round(float(x.flat[0]), 3), round(float(y.flat[0]), 3), anatomy.origin_z_mm)
    return Phantom(np.clip(np.rint(hu), -1024, 3071).astype(np.int16), mask, lungs | mask, spacing, origin)


def _draw_haze(rng: np.random.Generator) -> Histogram:
    """The intensities of a patient's rim, drawn without the truth."""
    mean, sd, skew = (float(one) for one in rng.standard_normal(3))
    return Histogram(RIM_HU + RIM_SHIFT * mean, RIM_SD * float(np.exp(RIM_SPREAD * sd)), 0.3 * skew)


def _zyx(acquisition: Acquisition) -> tuple[float, float, float]:
    x, y, z = acquisition.spacing_mm
    return z, y, x


def _grid(acquisition: Acquisition) -> tuple[Image, Image, Image]:
    """Coordinates in mm of the voxel centres, shaped to broadcast."""
    axes = [
        ((np.arange(n) - (n - 1) / 2) * s).astype(np.float32)
        for n, s in zip(acquisition.shape, _zyx(acquisition), strict=True)
    ]
    return axes[0][:, None, None], axes[1][None, :, None], axes[2][None, None, :]


def draw_thorax(anatomy: Anatomy, z: Image, y: Image, x: Image) -> tuple[Image, Mask]:
    """A chest without tumour and vessels: HU, and the lungs. z, y, x: coordinates in mm from its middle, shaped to broadcast."""
    a, b = anatomy.body_mm
    body = (x / a) ** 2 + (y / b) ** 2
    height = (z - z.min()) / (z.max() - z.min())  # 0 at the bottom, 1 at the top
    narrow = 1 - 0.22 * height**2
    lungs = ((np.abs(x) - 0.475 * a) / (0.335 * a * narrow)) ** 2 + ((y + 0.03 * b) / (0.66 * b * narrow)) ** 2 < 1
    heart = ((x - 0.12 * a) / (0.30 * a)) ** 2 + ((y + 0.22 * b) / (0.36 * b)) ** 2 + (height / 0.75) ** 2 < 1
    lungs &= ~heart
    angle = np.arctan2(y / b, x / a)
    ribs = (body > 0.66) & (body < 0.78) & (np.sin(z / 3.2 + 4 * np.abs(angle)) > 0.45)
    spine = (x / 12) ** 2 + ((y - 0.66 * b) / 10) ** 2
    aorta = ((x - 8) / 9) ** 2 + ((y - 0.36 * b) / 9) ** 2 < 1
    trachea = (x / 6) ** 2 + ((y - 0.02 * b) / 6) ** 2 < 1

    hu = np.full(lungs.shape, AIR, dtype=np.float32)
    hu[np.broadcast_to(body < 1, hu.shape)] = FAT
    hu[np.broadcast_to(body < 0.84, hu.shape)] = MUSCLE
    hu[ribs & ~lungs] = BONE
    hu[lungs] = LUNG
    hu[np.broadcast_to(aorta, hu.shape) & ~lungs] = BLOOD + 10
    hu[np.broadcast_to(spine < 1, hu.shape)] = BONE
    hu[np.broadcast_to(spine < 0.6, hu.shape)] = 0.5 * BONE
    hu[trachea & (height > 0.55)] = AIR
    return hu, lungs & (spine >= 1)


def draw_vessels(
    rng: np.random.Generator, shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]
) -> Image:
    """HU to add inside the lungs: a soft ground texture, and vessels along the lines where two smooth fields are both zero."""
    first, second = (_field(rng, shape, [7.0 / s for s in spacing_mm[::-1]]) for _ in range(2))
    tubes = np.exp(-(first**2 + second**2) / np.float32(0.05))
    ground: Image = 25 * first + 700 * tubes
    return ground


def _field(rng: np.random.Generator, shape: tuple[int, ...], sigma: list[float]) -> Image:
    """A smooth random field of mean 0 and sd 1."""
    field: Image = gaussian_filter(rng.standard_normal(shape, dtype=np.float32), sigma, mode="wrap", truncate=2.5)
    field -= field.mean()
    field /= field.std()
    return field


def _place_tumour(
    hu: Image,
    lungs: Mask,
    anatomy: Anatomy,
    tumour: Tumour,
    acquisition: Acquisition,
    rng: np.random.Generator,
    grid: tuple[Image, Image, Image],
) -> tuple[Mask, Mask]:
    """Write the tumour into `hu` and return its mask, the innermost voxels of a bumpy ball, inside the lungs, in one piece; and
    all voxels that were written.

    The random fields fill a box of one size, so that a tumour that shrinks keeps its shape and texture.
    """
    spacing = _zyx(acquisition)
    place = anatomy.tumour_mm[::-1]
    box = tuple(
        slice(max(int(np.searchsorted(axis.ravel(), at - 30)), edge), int(np.searchsorted(axis.ravel(), at + 30)))
        for axis, at, edge in zip(grid, place, (2, 0, 0), strict=True)
    )
    box = (slice(box[0].start, min(box[0].stop, hu.shape[0] - 2)), box[1], box[2])
    shape = hu[box].shape
    stretch = rng.uniform(0.88, 1.14, 3)
    bumps = _field(rng, shape, [6.0 / s for s in spacing])
    grain = _field(rng, shape, [tumour.grain_mm / s for s in spacing])

    axes = [
        ((axis[tuple(part if n > 1 else slice(None) for part, n in zip(box, axis.shape, strict=True))] - at) / scale)
        ** 2
        for axis, at, scale in zip(grid, place, stretch, strict=True)
    ]
    distance = np.sqrt(axes[0] + axes[1] + axes[2]) / np.clip(1 + 0.16 * bumps, 0.5, 1.5)
    distance[~lungs[box]] = np.inf
    count = round(tumour.volume_ml / acquisition.voxel_ml)
    edge = np.partition(distance.ravel(), count - 1)[count - 1]
    inside = distance <= edge
    pieces, found = label(inside)
    if found > 1:
        inside = pieces == np.bincount(pieces[inside]).argmax()
    texture = (grain - grain[inside].mean()) / grain[inside].std()
    solid = distance <= edge + MARGIN_MM
    hu[box][solid] = 35 + tumour.texture_hu * texture[solid]
    mask, written = np.zeros(hu.shape, dtype=bool), np.zeros(hu.shape, dtype=bool)
    mask[box], written[box] = inside, solid
    return mask, written
