"""Surroundings: the grey levels and intensities round a batch of voxels, numbered compactly, and which lie side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from features.core.compiled import njit

Offset = tuple[int, int, int]


@dataclass(frozen=True)
class Cube:
    """The places round a voxel, in the order of the array: N of them, at most `reach` (z, y, x) voxels away."""

    reach: tuple[int, int, int]

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """(N, 3): offsets (z, y, x) from the voxel in the middle."""
        return np.array(list(product(*(range(-far, far + 1) for far in self.reach))), np.int64).reshape(-1, 3)

    def pairs(self, offsets: tuple[Offset, ...]) -> Pairs:
        """The pairs of places that lie an offset apart, offset by offset, each in the order of the array."""
        sizes = np.array([2 * far + 1 for far in self.reach], np.int64)
        strides = np.array([sizes[1] * sizes[2], sizes[2], 1], np.int64)
        found, begins = [np.zeros((0, 2), np.int64)], [0]
        for offset in offsets:
            ahead = self.places + self.reach + np.array(offset)
            behind = np.flatnonzero(((ahead >= 0) & (ahead < sizes)).all(axis=1))
            found.append(np.stack([behind, behind + int(strides @ np.array(offset))], axis=1))
            begins.append(begins[-1] + len(behind))
        return Pairs(np.concatenate(found).astype(np.int32), np.array(begins, np.int64))

    def lines(self, offsets: tuple[Offset, ...]) -> NDArray[np.int32]:
        """(offsets, N): the number of the line along an offset of ±1 and 0 that each place is on."""
        found = np.zeros((len(offsets), len(self.places)), np.int32)
        for k, offset in enumerate(offsets):
            axis = int(np.flatnonzero(offset)[0])
            starts = self.places - self.places[:, axis : axis + 1] * offset[axis] * np.array(offset)
            found[k] = np.unique(starts, axis=0, return_inverse=True)[1].reshape(-1)
        return found


@dataclass(frozen=True, eq=False)
class Pairs:
    """places: (pairs, 2), numbers of places of a cube, the one behind first; those of offset k begin at begins[k]."""

    places: NDArray[np.int32]
    begins: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Surroundings:
    """A batch of V voxels and the N places round each.

    ranks: (V, N) uint16, which of the grey levels round the voxel, from 1; 0 where the place is not measured.
    levels: (V, N) int32, the grey level of each rank; known: (V,) int32, how many there are.
    values: (V, N) float64, the intensities in the order of the places, those that are not measured left out.
    """

    ranks: NDArray[np.uint16]
    levels: NDArray[np.int32]
    known: NDArray[np.int32]
    values: NDArray[np.float64]


def gather(
    grid: NDArray[np.int32], image: NDArray[np.float64], centres: NDArray[np.int64], steps: NDArray[np.int64]
) -> Surroundings:
    """The surroundings of the voxels at `centres` of a flat grid of grey levels (0: not measured) and of its image."""
    return Surroundings(*_gather(grid, image, centres, steps))


@njit(cache=True, nogil=True)
def _gather(  # type: ignore[no-untyped-def]
    grid: NDArray[np.int32], image: NDArray[np.float64], centres: NDArray[np.int64], steps: NDArray[np.int64]
):
    voxels, size = centres.size, steps.size
    ranks, levels = np.zeros((voxels, size), np.uint16), np.zeros((voxels, size), np.int32)
    known, values = np.zeros(voxels, np.int32), np.empty((voxels, size), np.float64)
    for v in range(voxels):
        present, many, filled = levels[v], 0, 0
        for t in range(size):
            p = centres[v] + steps[t]
            level = grid[p]
            if level == 0:
                continue
            values[v, filled] = image[p]
            filled += 1
            low, high = 0, many  # present is kept in order
            while low < high:
                middle = (low + high) >> 1
                if present[middle] < level:
                    low = middle + 1
                else:
                    high = middle
            if low == many or present[low] != level:
                for s in range(many, low, -1):
                    present[s] = present[s - 1]
                present[low] = level
                many += 1
        known[v] = many
        for t in range(size):
            level = grid[centres[v] + steps[t]]
            if level == 0:
                continue
            low, high = 0, many - 1
            while low < high:
                middle = (low + high) >> 1
                if present[middle] < level:
                    low = middle + 1
                else:
                    high = middle
            ranks[v, t] = low + 1
    return ranks, levels, known, values
