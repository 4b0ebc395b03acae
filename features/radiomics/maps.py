"""feature_maps: a feature of the surroundings of every voxel, as an image for a look; pyradiomics' voxel-based mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.errors import RadweaveError, did_you_mean
from features.core.region import Region
from features.radiomics.discretise import Levels
from features.radiomics.family import FAMILIES, Family
from features.radiomics.lattice import Lattice
from features.radiomics.roi import Roi
from features.radiomics.settings import Settings


def feature_maps(
    region: Region,
    families: Mapping[str, tuple[str, ...] | None],
    settings: Settings,
    *,
    radius: int = 1,
    outside: float = 0.0,
) -> dict[str, NDArray[np.float64]]:
    """`family_Feature` → float64 (z, y, x) on the region's grid.

    families: names of families with the names of their features, or None for all. Each value is the feature of the
    voxels of the ROI at most `radius` voxels (Chebyshev) away, within the slice if `settings.flat`. Grey levels are those
    of the whole ROI. Values outside the ROI are `outside`; NaN where a feature is undefined, as of a kernel of one grey
    level. pyradiomics: kernelRadius, maskedKernel true, initValue.

    Raises RadweaveError if there is no such family or feature, or the family is of the shape; Rejected(TOO_MANY_BINS).
    """
    chosen = [(_family(kind), _features(kind, wanted)) for kind, wanted in families.items()]
    box = bounding_box(region.mask)
    image = np.ascontiguousarray(region.volume.array[box], np.float64)
    mask = np.ascontiguousarray(region.mask[box])
    whole = Roi(image, mask, region.volume.spacing_mm, settings)
    grid = np.zeros(mask.shape, np.int32)
    grid[mask] = whole.levels.values
    places = np.argwhere(mask)
    found = {f"{family.kind}_{name}": np.zeros(len(places)) for family, names in chosen for name in names}
    reach = [0 if settings.flat and axis == settings.flat_axis else radius for axis in range(3)]
    lattice_of = lru_cache(maxsize=4096)(_lattice)  # nearly all kernels lie wholly inside and share one
    for number, place in enumerate(places.tolist()):
        z, y, x = (slice(max(at - far, 0), at + far + 1) for at, far in zip(place, reach, strict=True))
        part = np.ascontiguousarray(mask[z, y, x])
        lattice = lattice_of(part.tobytes(), part.shape, settings)
        levels = _levels(grid[z, y, x][part], whole.levels)
        kernel = _Kernel(np.ascontiguousarray(image[z, y, x]), part, whole.spacing_mm, settings, lattice, given=levels)
        for family, names in chosen:
            values = family.compute(_up_to(kernel, whole.levels) if family.kind == "glcm" else kernel)
            for name in names:
                found[f"{family.kind}_{name}"][number] = values[name]
    maps: dict[str, NDArray[np.float64]] = {}
    for name, of_voxels in found.items():
        maps[name] = np.full(region.mask.shape, outside)
        maps[name][region.mask] = of_voxels
    return maps


@dataclass(frozen=True, eq=False)
class _Kernel(Roi):
    """The surroundings of a voxel, whose grey levels are those of the whole ROI."""

    given: Levels | None = None

    @cached_property
    def levels(self) -> Levels:
        return self.given or super().levels


def _levels(values: NDArray[np.int32], whole: Levels) -> Levels:
    present, counts = np.unique(values, return_counts=True)
    return Levels(values, present.astype(np.int64), counts, whole.edges)


def _up_to(kernel: _Kernel, whole: Levels) -> _Kernel:
    """The kernel with the highest level of the ROI, which Idn and Idmn are relative to, as one that it has no voxel of."""
    levels, top = kernel.levels, whole.present[-1]
    if len(levels.present) == 1 or levels.present[-1] == top:
        return kernel
    more = Levels(levels.values, np.append(levels.present, top), np.append(levels.counts, 0), levels.edges)
    return replace(kernel, given=more)


def _lattice(mask: bytes, shape: tuple[int, int, int], settings: Settings) -> Lattice:
    voxels = np.frombuffer(mask, bool).reshape(shape)
    return Lattice(voxels, settings.distances, settings.flat_axis if settings.flat else None)


def _family(kind: str) -> Family:
    allowed = [name for name in FAMILIES.modules if not FAMILIES.load(name).of_shape]
    if kind not in allowed:
        hint = did_you_mean(kind, allowed)
        raise RadweaveError(f'there are no maps of "{kind}"; allowed: {", ".join(allowed)}. {hint}'.strip())
    return FAMILIES.parse(kind)


def _features(kind: str, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    features = FAMILIES.load(kind).FEATURES
    known = [feature.name for feature in features]
    for name in wanted or ():
        if name not in known:
            hint = did_you_mean(name, known)
            raise RadweaveError(f'{kind} has no feature "{name}"; it has {", ".join(known)}. {hint}'.strip())
    return tuple(feature.name for feature in features if not feature.deprecated) if wanted is None else wanted
