"""fit_steps: the regular grid along the normal that slices lie on, or nearly so, and where it has holes."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median_low

import numpy as np
from numpy.typing import NDArray

ROUNDING_MM = 1e-2  # slices as near as that to the grid lie on it: positions are written with few decimals
OFF_GRID_MM, OFF_GRID = 1e-2, 2e-2  # farthest from the grid that is tolerated: so many mm and this share of the step


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """A regular grid through slices at ascending places along their normal, in mm.

    first_mm: where it has its first slice; step_mm: its step. multiples (n - 1,): how many steps lie between neighbours; more
    than one where slices are missing. off_mm: the largest distance of a slice from its place on the grid.
    """

    first_mm: float
    step_mm: float
    multiples: NDArray[np.intp]
    off_mm: float

    @property
    def tolerance_mm(self) -> float:
        """How far from the grid a slice may lie."""
        return OFF_GRID_MM + OFF_GRID * self.step_mm

    @property
    def is_regular(self) -> bool:
        """Whether every slice is near enough to the grid, missing ones or not."""
        return self.off_mm <= self.tolerance_mm

    @property
    def is_whole(self) -> bool:
        """Whether the grid is regular and no slice is missing."""
        return self.is_regular and bool((self.multiples == 1).all())


def fit_steps(along_mm: NDArray[np.float64]) -> Steps:
    """The grid of two or more slices (n,), ascending, no two at one place.

    It runs from the first slice to the last if all lie on that grid but for rounding, else it is fitted to all of them by
    least squares: distances count from the grid, not from slice to slice, so that one uneven step is no fault of the stack
    and a small drift that adds up is.
    """
    gaps = np.diff(along_mm)
    multiples = np.maximum(np.rint(gaps / median_low(gaps.tolist())), 1).astype(np.intp)
    places = np.concatenate([[0], np.cumsum(multiples)])
    first, step = float(along_mm[0]), float(along_mm[-1] - along_mm[0]) / float(places[-1])
    off = float(np.abs(along_mm - first - step * places).max())
    if off > ROUNDING_MM:
        aside, middle = places - places.mean(), float(along_mm.mean())
        step = float((aside * (along_mm - middle)).sum() / (aside * aside).sum())
        first = middle - step * float(places.mean())
        off = float(np.abs(along_mm - first - step * places).max())
    return Steps(first, step, multiples, off)
