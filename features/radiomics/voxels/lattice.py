"""Lattice: the voxels of a mask and their neighbourhood, which all images with that mask share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from features.radiomics.voxels.grid import any_ahead, fill, find_places
from features.radiomics.voxels.neighbours import add_shells

Offset = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Lattice:
    """A mask (bool (z, y, x), the box of a ROI) in a grid with a border, and what lies next to what.

    distances: Chebyshev, of neighbours, in voxels. across: the axis along which nothing is a neighbour, or None.
    """

    mask: NDArray[np.bool_]
    distances: tuple[int, ...] = (1,)
    across: int | None = None

    @cached_property
    def near(self) -> tuple[Offset, ...]:
        """Offsets (z, y, x) to the neighbours at distance 1, their forward half, that the box has room for."""
        return self._around(1)

    @property
    def directions(self) -> tuple[Offset, ...]:
        """The same, whether or not the box has room for them: 13 in space, 4 in a slice."""
        z, y, x = (1 if axis == self.across else 2 for axis in range(3))
        return _shell(1, (z, y, x))

    @cached_property
    def chosen(self) -> tuple[Offset, ...]:
        """The same for all distances that are asked for, one after the other."""
        return tuple(offset for distance in self.distances for offset in self._around(distance))

    def _around(self, distance: int) -> tuple[Offset, ...]:
        z, y, x = (1 if axis == self.across else min(size, distance + 1) for axis, size in enumerate(self.mask.shape))
        return _shell(distance, (z, y, x))

    @cached_property
    def border(self) -> int:
        return max(self.distances)

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Of the grid with its border."""
        z, y, x = (size + 2 * self.border for size in self.mask.shape)
        return z, y, x

    def grid(self, values: NDArray[np.integer]) -> NDArray[np.uint16]:
        """Numbers of the ROI's voxels, in their order, in a flat grid that is zero elsewhere."""
        grid = np.zeros(self.shape[0] * self.shape[1] * self.shape[2], np.uint16)
        fill(grid, self.places, values)
        return grid

    @cached_property
    def places(self) -> NDArray[np.int32]:
        """Where the ROI's voxels are in the grid."""
        return find_places(self.mask, self.border, int(np.count_nonzero(self.mask)))  # type: ignore[no-any-return]

    @cached_property
    def inside(self) -> NDArray[np.uint16]:
        """The grid with ones in the ROI."""
        return self.grid(np.ones(self.places.size, np.int32))

    @cached_property
    def rows(self) -> NDArray[np.int32]:
        """Where the rows of the box begin in the grid."""
        _, height, width = self.shape
        z, y, _ = self.mask.shape
        starts = (np.arange(z)[:, None] + self.border) * height + np.arange(y) + self.border
        return (starts.reshape(-1) * width + self.border).astype(np.int32)

    @cached_property
    def width(self) -> int:
        """Voxels of a row of the box."""
        return int(self.mask.shape[2])

    def slices_of(self, places: NDArray[np.int32]) -> NDArray[np.int64]:
        """Numbers of the slices of the box that places of the grid lie in."""
        return places.astype(np.int64) // (self.shape[1] * self.shape[2]) - self.border

    def steps(self, offsets: tuple[Offset, ...]) -> NDArray[np.int64]:
        """Offsets as steps in the flat grid."""
        _, height, width = self.shape
        return np.array(offsets, np.int64).reshape(-1, 3) @ np.array([height * width, width, 1], np.int64)

    @cached_property
    def numbers(self) -> NDArray[np.int32]:
        """How many neighbours each voxel of the grid has inside the mask, at the distances that are asked for."""
        return self.add_neighbours(self.inside)

    def add_neighbours(self, grid: NDArray[np.uint16]) -> NDArray[np.int32]:
        """Of each voxel of a grid: the sum of its neighbours, at the distances that are asked for."""
        across = -1 if self.across is None else self.across
        shape, distances = np.array(self.shape), np.array(self.distances)
        return add_shells(grid, shape, self.border, distances, across)  # type: ignore[no-any-return]

    @cached_property
    def lined(self) -> NDArray[np.intp]:
        """Numbers of the near offsets along which some line has two voxels or more."""
        found = []
        for number, (offset, step) in enumerate(zip(self.near, self.steps(self.near), strict=True)):
            if any_ahead(self.inside, self.places, step) or _any_line(self.mask, offset):
                found.append(number)
        return np.array(found, np.intp)

    @property
    def followed(self) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
        """Links to neighbours behind, as bits: which of them need to be followed to reach all; number of the first one."""
        return _followed(self.near)


def _any_line(mask: NDArray[np.bool_], offset: Offset) -> bool:
    """Whether two voxels lie on one line along the offset, however far apart."""
    places = np.argwhere(mask)
    axis = int(np.flatnonzero(offset)[0])
    lines = places - places[:, axis : axis + 1] * offset[axis] * np.array(offset)
    return len(np.unique(lines, axis=0)) < len(lines)


@lru_cache(maxsize=64)
def _shell(distance: int, sizes: tuple[int, int, int]) -> tuple[Offset, ...]:
    """Offsets of one Chebyshev distance that a box has room for, the forward half: the opposite of each is left out."""
    span = range(-distance, distance + 1)
    ahead = (o for o in product(span, span, span) if max(map(abs, o)) == distance and o > (0, 0, 0))
    return tuple(o for o in ahead if all(abs(step) < size for step, size in zip(o, sizes, strict=True)))


@lru_cache(maxsize=16)
def _followed(near: tuple[Offset, ...]) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """Likes of a voxel that touch one another were joined when they were met: one of them stands for all."""
    many = len(near)
    touching = np.zeros(many, np.int64)
    for i, a in enumerate(near):
        touching[i] = sum(1 << j for j, b in enumerate(near) if max(abs(s - t) for s, t in zip(a, b, strict=True)) <= 1)
    links = np.arange(1 << many)
    fewer, left = np.zeros_like(links), links.copy()
    while left.any():
        group = left & -left
        fewer |= group
        for _ in range(many):
            for j in range(many):
                group |= np.where(group >> j & 1, touching[j] & links, 0)
        left &= ~group
    first = np.zeros(links.size, np.uint8)
    for k in reversed(range(many)):
        first[links >> k & 1 == 1] = k
    return fewer.astype(np.uint16), first
