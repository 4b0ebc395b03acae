"""Texture: the matrices of a ROI's grey levels, computed when a family first asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from features.radiomics.discretise import Levels
from features.radiomics.kernels import (
    count_alike,
    count_dependence,
    count_pairs,
    count_runs,
    count_tones,
    find_zones,
    link_alike,
    order_runs,
)
from features.radiomics.lattice import Lattice

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
    def _ranks(self) -> NDArray[np.uint16]:
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
        return count_pairs(self._ranks, self.lattice.places, steps, len(self.levels))[1:, 1:]  # type: ignore[no-any-return]

    @cached_property
    def _links(self) -> NDArray[np.uint16]:
        lattice = self.lattice
        return link_alike(self._ranks, lattice.rows, lattice.width, lattice.steps(lattice.near))  # type: ignore[no-any-return]

    @cached_property
    def _lines(self) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        lattice = self.lattice
        steps, first, longest = lattice.steps(lattice.near), lattice.followed[1], max(lattice.mask.shape)
        many = len(self.levels)
        return count_runs(self._ranks, lattice.places, steps, self._links, first, many, longest)  # type: ignore[no-any-return]

    @cached_property
    def runs(self) -> Counts:
        """(near offsets, K, lengths): runs of rank i with j + 1 voxels; none along offsets where no line has two voxels."""
        return order_runs(self._lines[0], self.found.counts, self.lattice.lined)  # type: ignore[no-any-return]

    @cached_property
    def zones(self) -> tuple[Counts, Counts]:
        """(zones,), (zones,): rank, from 1, and number of voxels of each zone."""
        lattice = self.lattice
        steps, (fewer, first) = lattice.steps(lattice.near), lattice.followed
        return find_zones(self._ranks, lattice.places, steps, self._links, fewer, first)  # type: ignore[no-any-return]

    @cached_property
    def dependents(self) -> Counts:
        """(K, neighbours + 1): voxels of rank i with j neighbours that depend on them."""
        lattice = self.lattice
        if self.dependence < 1 and lattice.distances == (1,):
            alike = self._lines[1].astype(np.uint16)
        else:
            steps = lattice.steps(lattice.chosen)
            alike = count_alike(self._grid, lattice.places, steps, self.dependence)
        most = 2 * len(lattice.chosen)
        return count_dependence(self._ranks, lattice.places, alike, len(self.levels), most)  # type: ignore[no-any-return]

    @cached_property
    def tones(self) -> tuple[Counts, NDArray[np.float64]]:
        """(K,), (K,): voxels of each rank; the sum of their differences to the mean of their neighbours."""
        lattice = self.lattice
        total = lattice.add_neighbours(self._grid)
        many = len(self.levels)
        return count_tones(self._ranks, self._grid, lattice.places, total, lattice.numbers, many)  # type: ignore[no-any-return]
