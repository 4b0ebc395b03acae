"""make_ready: an image as registration looks at it: robust range, noise averaged, voxels of about a given size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.quarantine import Rejected
from features.core.region import Vector, Volume

RANGE = (
    0.5,
    99.5,
)  # percentiles that become 0 and 1: metal, bladder and damaged voxels leave the others their contrast
CONTENT = 0.1  # of the range: what is above is no air
LEAST_VOXELS = 4  # along each axis
BLUR_MM, BLUR = (
    2.0,
    (0.6, 1.0),
)  # SD in mm, as voxels between these: noise and interpolation otherwise draw the metric to half voxels
SAMPLED = 200_000  # voxels that the percentiles are taken of


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """array: float32 (z, y, x) between 0 and 1; the rest as of a Volume, direction (3, 3)."""

    array: NDArray[np.float32]
    spacing_mm: Vector
    origin_mm: NDArray[np.float64]
    direction: NDArray[np.float64]

    @property
    def axes(self) -> NDArray[np.float64]:
        """Steps of the axes in mm, as columns (x, y, z)."""
        return np.asarray(self.direction * np.array(self.spacing_mm))

    @property
    def content(self) -> NDArray[np.bool_]:
        """What is not air, (z, y, x)."""
        return np.asarray(self.array > CONTENT)

    def places(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where voxels (n, 3; x, y, z) lie, in mm."""
        return np.asarray(index @ self.axes.T + self.origin_mm)

    def values(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Linear between voxels at points (n, 3) in mm; NaN outside the outermost voxels' centres by over half a voxel."""
        index = (points - self.origin_mm) @ np.linalg.inv(self.axes).T
        outside = ((index < -0.5) | (index > np.array(self.array.shape[::-1]) - 0.5)).any(axis=1)
        found = ndimage.map_coordinates(self.array, index[:, ::-1].T, np.float64, order=1, mode="nearest")
        found[outside] = np.nan
        return np.asarray(found)

    def coarser(self, spacing_mm: float) -> Ready:
        """Means over blocks of voxels, as large as come near to `spacing_mm`; the image itself where voxels are larger."""
        factors = [
            _factor(step, length, spacing_mm)
            for step, length in zip(self.spacing_mm, self.array.shape[::-1], strict=True)
        ]
        if factors == [1, 1, 1]:
            return self
        return _blocks(self.array, factors, self.spacing_mm, self.origin_mm, self.direction)


def make_ready(volume: Volume, spacing_mm: float) -> Ready:
    """The image between its robust limits, with voxels of about `spacing_mm`, a little blurred, cut to its content and two
    voxels round it.

    Padding and voxels that are no number count as the lower limit.
    Raises Rejected: REGISTRATION_FAILED, if it has no contrast, or under 4 voxels along an axis.
    """
    if min(volume.array.shape) < LEAST_VOXELS:
        raise Rejected(
            "REGISTRATION_FAILED",
            f"an image has fewer than {LEAST_VOXELS} slices, rows or columns",
            least=min(volume.array.shape),
        )
    low, high = _limits(volume)
    array = volume.array
    if volume.padding is not None or (array.dtype.kind == "f" and not np.isfinite(array).all()):
        array = np.nan_to_num(array, nan=low, posinf=high, neginf=low)
        if volume.padding is not None:
            array = np.where(volume.padding, low, array)
    lengths = array.shape[::-1]
    factors = [_factor(step, length, spacing_mm) for step, length in zip(volume.spacing_mm, lengths, strict=True)]
    direction = np.array(volume.direction, np.float64).reshape(3, 3)
    found = _blocks(array, factors, volume.spacing_mm, np.array(volume.origin_mm), direction, (low, high))
    scaled = (found.array - np.float32(low)) / np.float32(high - low)
    blur = [min(max(BLUR_MM / step, BLUR[0]), BLUR[1]) for step in reversed(found.spacing_mm)]
    smooth = ndimage.gaussian_filter(scaled, blur, output=np.float32, mode="nearest")
    return _cut(Ready(smooth, found.spacing_mm, found.origin_mm, direction))


def _limits(volume: Volume) -> tuple[float, float]:
    step = max(1, round((volume.array.size / SAMPLED) ** (1 / 3)))
    part = volume.array[::step, ::step, ::step]
    known = np.isfinite(part) if volume.padding is None else np.isfinite(part) & ~volume.padding[::step, ::step, ::step]
    values = part[known]
    low, high = (float(value) for value in np.percentile(values, RANGE)) if values.size else (0.0, 0.0)
    if not high > low:  # little but air: what is not, may still be registered
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if not high > low:
        raise Rejected("REGISTRATION_FAILED", "an image has no contrast")
    return low, high


def _factor(step: float, length: int, spacing_mm: float) -> int:
    """Voxels of a block along an axis, so that at least four blocks are left."""
    return max(1, min(round(spacing_mm / step), length // LEAST_VOXELS))


def _blocks(
    array: NDArray[np.generic],
    factors: list[int],
    spacing: Vector,
    origin: NDArray[np.float64],
    direction: NDArray[np.float64],
    limits: tuple[float, float] | None = None,
) -> Ready:
    """Means over blocks of voxels between limits; what is left at the end of an axis is left out. Takes little memory."""
    fx, fy, fz = factors
    z, y, x = (length // factor for length, factor in zip(array.shape, (fz, fy, fx), strict=True))
    total = np.zeros((z, y, x), np.float32)
    for k in range(fz):
        for j in range(fy):
            for i in range(fx):
                part = array[k : k + z * fz : fz, j : j + y * fy : fy, i : i + x * fx : fx].astype(np.float32)
                total += part if limits is None else np.clip(part, *limits, out=part)
    total /= np.float32(fx * fy * fz)
    steps = np.array(spacing) * factors
    first = origin + direction @ (np.array(spacing) * (np.array(factors) - 1) / 2)
    return Ready(total, (float(steps[0]), float(steps[1]), float(steps[2])), first, direction)


def _cut(ready: Ready) -> Ready:
    """The part that holds all content, with two voxels round it."""
    box = ndimage.find_objects(ready.content.astype(np.uint8))
    if not box:
        return ready
    cuts = []
    for axis, length in zip(box[0], ready.array.shape, strict=True):
        start, stop = max(0, axis.start - 2), min(length, axis.stop + 2)
        start = max(0, min(start, stop - LEAST_VOXELS))
        cuts.append(slice(start, max(stop, min(length, start + LEAST_VOXELS))))
    z, y, x = cuts
    first = ready.places(np.array([[x.start, y.start, z.start]], np.float64))[0]
    return Ready(np.ascontiguousarray(ready.array[z, y, x]), ready.spacing_mm, first, ready.direction)


def centre_of(ready: Ready) -> NDArray[np.float64]:
    """The mean place of the content in mm (3); the middle of the image if it has none."""
    found = np.argwhere(ready.content)[:, ::-1]
    middle = (np.array(ready.array.shape[::-1]) - 1) / 2 if not len(found) else found.mean(axis=0)
    return np.asarray(ready.places(middle[None])[0])


def radius_of(ready: Ready, centre: NDArray[np.float64]) -> float:
    """Root of the mean square distance of the content from its centre, in mm."""
    found = np.argwhere(ready.content)[:, ::-1].astype(np.float64)
    if not len(found):
        return 0.5 * math.dist((0, 0, 0), np.array(ready.array.shape[::-1]) * np.array(ready.spacing_mm))
    return float(np.sqrt(((ready.places(found) - centre) ** 2).sum(axis=1).mean()))
