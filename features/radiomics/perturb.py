"""perturb: a Region as it might have come out: moved, turned, noisier, or with another contour. A folder holds the kinds."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from features.core.box import bounding_box
from features.core.kinds.recipe import Recipe
from features.core.kinds.registry import Kind, Registry
from features.core.quarantine import Rejected
from features.core.region import Box, Region, Vector
from features.images.continuation import continued
from features.images.prepare import PADDING, PADDING_FILTERS

SPARE_MM = 30.0  # beyond what is looked at: what a rotation or another contour brings in


class Perturbation(Kind):
    """Changes a region a little, as another acquisition or another reader might have. Frozen settings."""

    @abstractmethod
    def apply(self, region: Region, rng: np.random.Generator) -> Region:
        """The changed region on the same grid, float64; the given one stays. Equal generators give equal regions.

        What a reader draws is the outline (`shape_mask`); voxels of it that were left out of the mask stay left out.
        Raises Rejected if the region cannot be changed so.
        """


PERTURBATIONS: Registry[Perturbation] = Registry(Perturbation, "features.radiomics.perturbations")


def perturb(
    region: Region, chain: Sequence[Perturbation], rng: np.random.Generator, *, margin_mm: float = 100.0
) -> Region:
    """The region after each perturbation in turn; none leaves it as it is.

    Pixels further than `margin_mm` from the box of the ROI stay as they are, to spare time: see `margin_of`.
    Raises Rejected: NAN_IN_ROI (also for the ROI's surroundings), MASK_EMPTY (no voxel is left).
    """
    if not chain:
        return region
    box = _around(bounding_box(region.shape_mask), region, margin_mm)
    image = continued(region.volume, box)  # padding is no intensity that could be moved into the ROI
    volume = replace(image, array=image.array[box].astype(np.float64), padding=None)
    part = Region(volume, region.mask[box].copy(), None if region.outline is None else region.outline[box].copy())
    if not np.isfinite(part.volume.array).all():
        raise Rejected("NAN_IN_ROI", "the ROI's surroundings hold NaN or infinite voxels, which would spread")
    for one in chain:
        part = one.apply(part, rng)
        if not part.mask.any():
            raise Rejected("MASK_EMPTY", f"no voxel is left after the perturbation {one.kind}")
    array = image.array.astype(np.float64)
    array[box] = part.volume.array
    outline = None if part.outline is None else _whole(part.outline, box, region)
    padding = None
    if image.padding is not None:  # what lies beyond the box stays padding
        padding = image.padding.copy()
        padding[box] = False
    return Region(replace(image, array=array, padding=padding), _whole(part.mask, box, region), outline)


def redrawn(region: Region, outline: NDArray[np.bool_]) -> Region:
    """The region with another outline. Voxels that were left out of the mask stay left out; those it gains are taken."""
    if region.outline is None:
        return replace(region, mask=outline, within=None)
    left_out = region.outline & ~region.mask
    return replace(region, mask=outline & ~left_out, outline=outline, within=None)


def margin_of(recipe: Recipe, spacing_mm: Vector) -> float:
    """How far from the ROI's box, in mm, pixels have to be perturbed for what a recipe looks at; infinite: everywhere."""
    if any(one.sees_all for one in recipe.filters):
        return math.inf
    step = max(recipe.spacing_of(spacing_mm))
    padding = PADDING_FILTERS if recipe.filters else PADDING
    return max(padding * step, recipe.reach_mm) + SPARE_MM


def _whole(part: NDArray[np.bool_], box: Box, region: Region) -> NDArray[np.bool_]:
    """A mask of a box on the region's grid, False elsewhere."""
    mask = np.zeros_like(region.mask)
    mask[box] = part
    return mask


def _around(box: Box, region: Region, margin_mm: float) -> Box:
    found = []
    for axis, part in enumerate(box):
        far = margin_mm / region.volume.spacing_mm[2 - axis]
        low, high = max(part.start - far, 0), min(part.stop + far, region.mask.shape[axis])
        found.append(slice(math.floor(low), math.ceil(high)))
    return found[0], found[1], found[2]
