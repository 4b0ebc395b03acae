"""look_at: what the files of a template hold, by the voxels of a few of them: intensities or the numbers of a label map."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from features.core.case import Unit
from features.core.progress import tell
from features.core.quarantine import Rejected
from features.core.region import Vector, Volume
from features.images.formats.volume import file_voxels, read_volume
from features.images.unit_plausibility import check_unit

T = TypeVar("T")
SAMPLE = 3  # files of a template whose voxels are read
MOST_LABELS = 40
MOST_VOXELS = 400_000_000
_THREADS = 4


@dataclass(frozen=True)
class Look:
    """What one file holds: its grid, and its values in short.

    grid: a volume without voxels, to compare grids by. labels: the numbers above 0 of what can be a label map, none of what
    cannot. low, high: 1st and 99th percentile. units: those of HU, SUV and BQML that the values can be in without doubt.
    """

    grid: Volume
    labels: tuple[int, ...]
    low: float
    high: float
    units: frozenset[Unit]

    @property
    def spacing_mm(self) -> Vector:
        """Of the voxels, (x, y, z)."""
        return self.grid.spacing_mm


def look_at(paths: Sequence[Path]) -> dict[Path, Look]:
    """What each of a few files holds, side by side; those that cannot be read are left out."""
    with ThreadPoolExecutor(_THREADS) as pool:
        looks: dict[Path, Look] = {}
        for done, (path, look) in enumerate(zip(paths, pool.map(_look, paths), strict=True), start=1):
            tell("voxels", done, len(paths))
            looks |= {path: look} if look is not None else {}
    return looks


def overlap(one: Path, other: Path) -> float | None:
    """Dice of the voxels above 0 of two files on one grid; None if they cannot be read, are on two grids, or are empty."""
    try:
        first, second = read_volume(one), read_volume(other)
    except (Rejected, MemoryError):
        return None
    if not first.matches(second):
        return None
    a, b = np.asarray(first.array, np.float64) > 0, np.asarray(second.array, np.float64) > 0
    both = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / both if both else None


def sample(every: Sequence[T]) -> list[T]:
    """At most three: the first, the one in the middle, the last."""
    return list(every) if len(every) <= SAMPLE else [every[0], every[len(every) // 2], every[-1]]


def middle_spacing(spacings: Sequence[Vector]) -> Vector:
    """The median along each axis."""
    x, y, z = (float(median(one[axis] for one in spacings)) for axis in range(3))
    return x, y, z


def _look(path: Path) -> Look | None:
    try:
        if file_voxels(path) > MOST_VOXELS:
            return None
        volume = read_volume(path)
    except (Rejected, MemoryError):
        return None
    values = volume.array
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    low, high = (float(value) for value in np.percentile(finite, [1, 99]))
    return Look(_grid(volume), _labels(values), low, high, _units(values))


def _grid(volume: Volume) -> Volume:
    empty = np.broadcast_to(np.zeros(1, np.uint8), volume.array.shape)
    return Volume(empty, volume.spacing_mm, volume.origin_mm, volume.direction, plane=volume.plane)


def _labels(values: NDArray[Any]) -> tuple[int, ...]:
    """The numbers of a label map without 0; nothing if the values are many, negative or no whole numbers."""
    if values.size == 0 or not np.isfinite(values.flat[0]) or values.min() < 0:
        return ()
    part = values.reshape(-1)[:: max(1, values.size // 100_000)]
    if len(np.unique(part)) > MOST_LABELS + 1:
        return ()
    there = np.unique(values)
    if len(there) > MOST_LABELS + 1 or not (there == np.rint(there)).all() or there[0] != 0:
        return ()
    return tuple(int(value) for value in there[1:])


def _units(values: NDArray[Any]) -> frozenset[Unit]:
    found = set[Unit]()
    units: tuple[Unit, ...] = ("HU", "SUV", "BQML")
    for unit in units:
        try:
            if not check_unit(values, unit, whole=True):
                found.add(unit)
        except Rejected:
            continue
    return frozenset(found)
