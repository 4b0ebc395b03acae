"""Texture: the matrices of a ROI's grey levels, counted when a family first asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.radiomics.voxels.lattice import Lattice
from features.radiomics.voxels.levels import Levels
from features.radiomics.voxels.neighbours import count_alike, count_dependence, count_tones
from features.radiomics.voxels.pairs import count_pairs
from features.radiomics.voxels.runs import count_runs, link_alike, order_runs
from features.radiomics.voxels.zones import Zones, find_zones

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Texture:
    """Matrices of one ROI. Ranks number the grey levels that occur, from the lowest: K of them.

    dependence: largest difference of levels of dependent voxels.
    """

    lattice: Lattice
    found: Levels
    dependence: int = 0

    @cached_property
    def levels(self) -> NDArray[np.float64]:
        """(K,): the level of each rank."""
        return self.found.present.astype(np.float64)

    @cached_property
    def _grid(self) -> NDArray[np.uint16]:
        return self.lattice.grid(self.found.values)

    @cached_property
    def ranks(self) -> NDArray[np.uint16]:
        """The grid of ranks, from 1; 0 outside."""
        present = self.found.present
        if present[-1] == len(present):
            return self._grid
        rank = np.zeros(present[-1] + 1, np.uint16)
        rank[present] = np.arange(1, len(present) + 1)
        return rank[self._grid]

    @cached_property
    def pairs(self) -> NDArray[np.int32]:
        """(K, K, offsets): how often rank j lies one of the chosen offsets ahead of rank i."""
        steps = self.lattice.steps(self.lattice.chosen)
        return count_pairs(self.ranks, self.lattice.places, steps, len(self.levels))[1:, 1:]  # type: ignore[no-any-return]

    @cached_property
    def _links(self) -> NDArray[np.uint16]:
        lattice = self.lattice
        return link_alike(self.ranks, lattice.rows, lattice.width, lattice.steps(lattice.near))  # type: ignore[no-any-return]

    @cached_property
    def _lines(self) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        lattice = self.lattice
        steps, first, longest = lattice.steps(lattice.near), lattice.followed[1], max(lattice.mask.shape)
        many = len(self.levels)
        return count_runs(self.ranks, lattice.places, steps, self._links, first, many, longest)  # type: ignore[no-any-return]

    def runs(self, numbers: NDArray[np.intp]) -> Counts:
        """(numbers, K, lengths): runs of rank i with j + 1 voxels along the near offsets of these numbers."""
        return order_runs(self._lines[0], self.found.counts, numbers)  # type: ignore[no-any-return]

    def zones(self) -> Zones:
        """The zones of voxels of one level that touch."""
        lattice = self.lattice
        steps, (fewer, first) = lattice.steps(lattice.near), lattice.followed
        return find_zones(self.ranks, lattice.places, steps, self._links, fewer, first)  # type: ignore[no-any-return]

    def alike(self) -> NDArray[np.uint16]:
        """Of each voxel of the grid: how many neighbours depend on it."""
        lattice = self.lattice
        if self.dependence < 1 and lattice.distances == (1,):
            return self._lines[1].astype(np.uint16)
        return count_alike(self._grid, lattice.places, lattice.steps(lattice.chosen), self.dependence)  # type: ignore[no-any-return]

    @property
    def dependents(self) -> Counts:
        """(K, neighbours + 1): voxels of rank i with j neighbours that depend on them."""
        most, many = 2 * len(self.lattice.chosen), len(self.levels)
        return count_dependence(self.ranks, self.lattice.places, self.alike(), many, most)  # type: ignore[no-any-return]

    def tones(self, groups: Sequence[NDArray[np.int32]]) -> list[tuple[Counts, NDArray[np.float64]]]:
        """(K,), (K,) of the voxels at each group of places: how many of each rank have a neighbour, and the sum of their
        differences to the mean of the neighbours.
        """
        lattice, many = self.lattice, len(self.levels)
        sums = lattice.add_neighbours(self._grid)
        return [count_tones(self.ranks, self._grid, places, sums, lattice.numbers, many) for places in groups]
