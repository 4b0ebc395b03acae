"""compute_voxels: features round voxels of one image, batch by batch and thread by thread."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.core.quarantine import Rejected
from features.core.region import Vector
from features.radiomics.dialects.pyradiomics import names_of_figures
from features.radiomics.dialects.roi import Roi
from features.radiomics.dialects.settings import Settings
from features.radiomics.formulas.sizes import FIGURES
from features.radiomics.voxels.lattice import Lattice, Offset
from features.radiomics.voxels.weights import weights_along
from features.radiomics.voxelwise import firstorder, glcm, ngtdm, sizes
from features.radiomics.voxelwise.surroundings import Cube, Pairs, Surroundings, gather
from features.radiomics.voxelwise.window import Window

PLACES_AT_ONCE = 1 << 16  # of a batch: what is gathered stays in a processor's cache
BATCHES_A_THREAD = 8  # at least: no thread waits long for the last one
Reals = NDArray[np.float64]
Wanted = Mapping[str, tuple[str, ...]]


def compute_voxels(
    roi: Roi, centres: NDArray[np.bool_], wanted: Wanted, window: Window, tell: Callable[[int], object]
) -> dict[str, Reals]:
    """`family_Feature` → float64, of each voxel of `centres` (bool (z, y, x), on the ROI's box) in the order of the array.

    The ROI's mask is what is measured. wanted: features by family; tell: is called with the number of voxels of each batch.
    Raises Rejected: NAN_IN_ROI, TOO_MANY_BINS.
    """
    if not np.isfinite(roi.values).all():
        raise Rejected("NAN_IN_ROI")
    reach = [0 if roi.settings.flat and axis == roi.settings.flat_axis else window.radius for axis in range(3)]
    site = Site(Cube((reach[0], reach[1], reach[2])), roi.settings, roi.spacing_mm, int(roi.levels.present[-1]))
    levels = np.zeros(roi.mask.shape, np.int32)
    levels[roi.mask] = roi.levels.values
    around = [(far, far) for far in reach]
    grid, image = np.pad(levels, around), np.pad(roi.image, around)
    strides = np.array([grid.shape[1] * grid.shape[2], grid.shape[2], 1], np.int64)
    steps, places = site.cube.places @ strides, (np.argwhere(centres) + reach) @ strides
    flat, pixels = grid.reshape(-1), image.reshape(-1)
    found = {kind: np.empty((len(names), len(places))) for kind, names in wanted.items()}
    columns = {kind: [KERNELS[kind].names.index(name) for name in names] for kind, names in wanted.items()}

    def work(start: int) -> int:
        part = gather(flat, pixels, places[start : start + size], steps)
        for kind, names in wanted.items():
            found[kind][:, start : start + size] = KERNELS[kind].compute(part, site, names)[:, columns[kind]].T
        return len(part.known)

    size = max(1, min(PLACES_AT_ONCE // len(steps), window.batch or len(places)))
    if window.threads > 1:
        size = min(size, -(-len(places) // (BATCHES_A_THREAD * window.threads)))
    starts = range(0, len(places), size)
    if window.threads == 1:
        for start in starts:
            tell(work(start))
    else:
        with ThreadPoolExecutor(window.threads) as pool:
            for done in pool.map(work, starts):
                tell(done)
    return {f"{kind}_{name}": found[kind][n] for kind, names in wanted.items() for n, name in enumerate(names)}


@dataclass(frozen=True, eq=False)
class Site:
    """What all surroundings of one image share. top: the highest grey level of the ROI."""

    cube: Cube
    settings: Settings
    spacing_mm: Vector
    top: int

    @cached_property
    def _lattice(self) -> Lattice:
        sizes = tuple(2 * far + 1 for far in self.cube.reach)
        settings = self.settings
        return Lattice(np.ones(sizes, bool), settings.distances, settings.flat_axis if settings.flat else None)

    @cached_property
    def touching(self) -> Pairs:
        """Places one step apart."""
        return self.cube.pairs(self._lattice.near)

    @cached_property
    def lines(self) -> NDArray[np.int32]:
        """(directions, places): which places are on one line, of the same directions."""
        return self.cube.lines(self._lattice.near)

    @cached_property
    def neighbours(self) -> Pairs:
        """Places at the distances that the settings name."""
        return self.cube.pairs(self._lattice.chosen)

    @cached_property
    def pair_weights(self) -> Reals:
        return self._weights(self._lattice.chosen, "glcm")

    @cached_property
    def run_weights(self) -> Reals:
        return self._weights(self._lattice.near, "glrlm")

    def _weights(self, offsets: tuple[Offset, ...], family: Literal["glcm", "glrlm"]) -> Reals:
        norm = self.settings.weighting
        return np.zeros(0) if norm is None else weights_along(offsets, self.spacing_mm, norm, family)


@dataclass(frozen=True)
class Kernel:
    """How the features of a family are computed of a batch: (V, names), in the order of the names."""

    names: tuple[str, ...]
    compute: Callable[[Surroundings, Site, tuple[str, ...]], Reals]


def _firstorder(part: Surroundings, site: Site, names: tuple[str, ...]) -> Reals:  # noqa: ARG001
    found: Reals = firstorder.firstorder(part.values, part.ranks, site.settings.array_shift, math.prod(site.spacing_mm))
    return found


def _glcm(part: Surroundings, site: Site, names: tuple[str, ...]) -> Reals:
    settings, pairs = site.settings, site.neighbours
    found: Reals = glcm.glcm(
        part.ranks,
        part.levels,
        part.known,
        pairs.places,
        pairs.begins,
        site.pair_weights,
        settings.symmetrical,
        site.top,
        "MCC" in names,
    )
    return found


def _gldm(part: Surroundings, site: Site, names: tuple[str, ...]) -> Reals:  # noqa: ARG001
    pairs, most = site.neighbours, 2 * (len(site.neighbours.begins) - 1)
    found: Reals = sizes.dependences(part.ranks, part.levels, part.known, pairs.places, most, site.settings.dependence)
    return found


def _glrlm(part: Surroundings, site: Site, names: tuple[str, ...]) -> Reals:  # noqa: ARG001
    pairs, longest = site.touching, max(2 * reach + 1 for reach in site.cube.reach)
    found: Reals = sizes.runs(
        part.ranks, part.levels, part.known, pairs.places, pairs.begins, site.lines, longest, site.run_weights
    )
    return found


def _glszm(part: Surroundings, site: Site, names: tuple[str, ...]) -> Reals:  # noqa: ARG001
    found: Reals = sizes.zones(part.ranks, part.levels, part.known, site.touching.places)
    return found


def _ngtdm(part: Surroundings, site: Site, names: tuple[str, ...]) -> Reals:  # noqa: ARG001
    found: Reals = ngtdm.ngtdm(part.ranks, part.levels, part.known, site.neighbours.places)
    return found


def _names_of(family: str) -> tuple[str, ...]:
    """A family's names of figures in their order; "" for what it does not have."""
    names = names_of_figures(family)
    return tuple(names.get(figure, "") for figure in FIGURES)


KERNELS: Mapping[str, Kernel] = {
    "firstorder": Kernel(firstorder.NAMES, _firstorder),
    "glcm": Kernel(glcm.NAMES, _glcm),
    "gldm": Kernel(_names_of("gldm"), _gldm),
    "glrlm": Kernel(_names_of("glrlm"), _glrlm),
    "glszm": Kernel(_names_of("glszm"), _glszm),
    "ngtdm": Kernel(ngtdm.NAMES, _ngtdm),
}
