"""Where views come from: found by showing a sampling the places of voxels in the place of intensities, whatever the sampling is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from features.core.errors import RadweaveError
from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import Sampling, Shape
from features.core.region import Region, Volume

Floats = NDArray[np.float64]
INSIDE = 0.999  # of a pixel that is made of voxels of the image alone
OFF = 0.25  # voxels that a pixel may lie beside its plane: where views shrink, places of antialiased pixels waver


@dataclass(frozen=True, eq=False)
class Plane:
    """A channel of a view: where its pixels lie, of which the one at p = (row, column) or (slice, row, column) has its centre at
    origin + steps @ p.

    image: which of those that are shown it is of. origin: (3,), steps: (3, 2) or (3, 3), in mm, (x, y, z) of the patient (LPS).
    """

    view: int
    channel: int
    image: int
    origin: Floats
    steps: Floats


def planes_of(sampling: Sampling, regions: Sequence[Region], preparation: Preparation, shape: Shape) -> list[Plane]:
    """Every channel of every view of a region on its images, but for those that lie outside the image altogether.

    regions: as prepared. Raises RadweaveError for a sampling whose views are no planes or boxes of voxels.
    """
    found = []
    for image, region in enumerate(regions):
        counts = np.array(region.mask.shape)
        coverage = _shown(sampling, regions, image, np.ones(counts), preparation, shape)
        ramps = [
            _shown(sampling, regions, image, _ramp(counts, axis), preparation, shape) * max(counts[axis] - 1, 1)
            for axis in range(3)
        ]
        affine = _affine(region.volume)
        for view, channel in np.ndindex(coverage.shape[:2]):
            inside = coverage[view, channel] > INSIDE
            if inside.sum() <= inside.ndim:
                continue
            places = np.stack([one[view, channel] for one in ramps])
            line = _line(places, inside, sampling)
            origin = affine[:3, :3] @ line[:, 0] + affine[:3, 3]
            found.append(Plane(view, channel, image, origin, affine[:3, :3] @ line[:, 1:]))
    return found


def shown_roi(
    sampling: Sampling, regions: Sequence[Region], preparation: Preparation, shape: Shape
) -> NDArray[np.float32]:
    """(views, channels, *size): how much of each pixel is ROI, in [0, 1]."""
    return sum(
        _shown(sampling, regions, image, region.mask.astype(np.float64), preparation, shape)
        for image, region in enumerate(regions)
    )  # type: ignore[return-value]


def put_back(values: NDArray[np.float32], planes: Sequence[Plane], image: int, target: Volume) -> NDArray[np.float32]:
    """A map (views, channels, *size) on the grid of an image, (z, y, x); 0 where nothing is shown of it.

    A voxel has the value of what passes through it, mixed linearly; of several views or channels that do, the mean.
    """
    shape = np.array(target.array.shape)
    total, number = np.zeros(shape, np.float32), np.zeros(shape, np.uint16)
    back = np.linalg.inv(_affine(target))
    for plane in (one for one in planes if one.image == image):
        origin = back[:3, :3] @ plane.origin + back[:3, 3]
        steps = back[:3, :3] @ plane.steps
        size = np.array(values.shape[2:])
        corners = np.stack(np.meshgrid(*[(-0.5, side - 0.5) for side in size], indexing="ij")).reshape(len(size), -1)
        reach = origin[:, None] + steps @ corners
        low = np.clip(np.floor(reach.min(axis=1)).astype(int), 0, shape)
        high = np.clip(np.ceil(reach.max(axis=1)).astype(int) + 1, 0, shape)
        if (high <= low).any():
            continue
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        voxels = np.stack(np.meshgrid(*[np.arange(a, b) for a, b in zip(low, high, strict=True)], indexing="ij"))
        beside = voxels.reshape(3, -1) - origin[:, None]
        places = np.linalg.pinv(steps) @ beside
        hit = ((places >= -0.5) & (places < size[:, None] - 0.5)).all(axis=0)
        if len(size) == 2:
            across = np.cross(steps[:, 0], steps[:, 1])
            across /= np.abs(across).sum()  # 1 from one voxel to the next, along whichever axis the plane is crossed
            hit &= np.abs(across @ beside) <= 0.5 + 1e-3
        own = values[plane.view, plane.channel]
        taken = np.zeros(hit.shape, np.float32)
        taken[hit] = ndimage.map_coordinates(own, places[:, hit], order=1, mode="nearest")
        total[box] += taken.reshape(voxels.shape[1:])
        number[box] += hit.reshape(voxels.shape[1:]).astype(np.uint16)
    return np.divide(total, np.maximum(number, 1), dtype=np.float32)


def _shown(
    sampling: Sampling,
    regions: Sequence[Region],
    image: int,
    array: NDArray[np.float64],
    preparation: Preparation,
    shape: Shape,
) -> NDArray[np.float32]:
    """What a sampling shows if one of the images holds an array between 0 and 1, and the others 0."""
    held = [
        replace(one, volume=replace(one.volume, array=array if i == image else np.zeros(one.mask.shape)))
        for i, one in enumerate(regions)
    ]
    return sampling.bare().sample(held, preparation.model_copy(update={"window": (0.0, 1.0)}), shape)


def _ramp(counts: NDArray[np.intp], axis: int) -> NDArray[np.float64]:
    """From 0 at the first voxel of an axis to 1 at the last."""
    line = np.arange(counts[axis]) / max(counts[axis] - 1, 1)
    return np.broadcast_to(line.reshape([-1 if one == axis else 1 for one in range(3)]), counts)


def _line(places: NDArray[np.float32], inside: NDArray[np.bool_], sampling: Sampling) -> Floats:
    """(3, 1 + axes): voxel (z, y, x) of a pixel as a constant and one column for each axis of the view.

    Steps are those that most pixels agree on: at the edge of a view, and of the image, places stand still.
    """
    pixels = np.argwhere(inside)
    design = np.column_stack([np.ones(len(pixels)), pixels])
    found = []
    for place in places.astype(np.float64):
        known = np.where(inside, place, np.nan)
        steps = [_step(known, inside, axis) for axis in range(inside.ndim)]
        rest = place[inside] - pixels @ np.array(steps)
        agrees = np.abs(rest - np.median(rest)) < OFF
        line, *_ = np.linalg.lstsq(design[agrees], place[inside][agrees], rcond=None)
        if (np.abs(design @ line - place[inside]) < OFF).mean() < 0.5:
            raise RadweaveError(
                f"{sampling.kind} shows no plane or box of the image: its maps cannot be put back into it"
            )
        found.append(line)
    return np.stack(found)


def _step(known: Floats, inside: NDArray[np.bool_], axis: int) -> float:
    """From one pixel to the next along an axis: the median over pixels that lie half of what is inside apart."""
    there = np.flatnonzero(inside.any(axis=tuple(other for other in range(inside.ndim) if other != axis)))
    apart = max((int(there[-1]) - int(there[0])) // 2, 1)
    ahead = np.roll(known, -apart, axis)
    ahead[(slice(None),) * axis + (slice(-apart, None),)] = np.nan
    steps = (ahead - known)[np.isfinite(ahead - known)]
    return float(np.median(steps)) / apart if steps.size else 0.0


def _affine(volume: Volume) -> Floats:
    """(4, 4): of voxel (z, y, x) the place (x, y, z) in mm."""
    found = np.eye(4)
    directions = np.array(volume.direction).reshape(3, 3) * np.array(volume.spacing_mm)
    found[:3, :3] = directions[:, ::-1]
    found[:3, 3] = volume.origin_mm
    return found
