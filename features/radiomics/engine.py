"""The engine: features of a region, family by family, for the image itself and each derived one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np

from features.core.box import bounding_box
from features.core.kinds.filter import Source
from features.core.quarantine import Rejected
from features.core.region import Region
from features.radiomics.dialects.pyradiomics import OF_SHAPE
from features.radiomics.dialects.roi import Roi
from features.radiomics.dialects.settings import Settings
from features.radiomics.families.family import FAMILIES, Family
from features.radiomics.names import ORIGINAL
from features.radiomics.plan import Plan, is_texture
from features.radiomics.voxels.lattice import Lattice


@dataclass(frozen=True)
class Found:
    """values: each feature as pyradiomics names it, such as `log-sigma-2-0-mm-3D_glcm_Contrast`; NaN where undefined.

    undefined: why each of those is undefined: ONE_GREY_LEVEL, NO_NEIGHBOURS (no voxel has one in the ROI), SEVERAL_SLICES
    (of a feature of one slice), NO_THICKNESS (shape in three dimensions, of a file of two), DEGENERATE (such as no extent
    along an axis), or the code of the image's rejection.
    rejected: images that cannot be had or measured, and why. one_level: images whose ROI has one grey level: many of their
    textures are numbers by the formulas, and measure nothing.
    """

    values: dict[str, float] = field(default_factory=dict)
    undefined: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, Rejected] = field(default_factory=dict)
    one_level: set[str] = field(default_factory=set)


def compute_features(region: Region, plan: Plan) -> Found:
    """Features of each image and family of the plan; those of shape once, as of the original image.

    The region's pixels are as they are to be measured. An image that is rejected (FILTER_SIZE, TOO_MANY_BINS) leaves the
    others alone.
    """
    _keep_freed_memory()
    found = Found()
    families = {kind: _family(kind) for kind in plan.families}
    shapes = {kind: family for kind, family in families.items() if kind in OF_SHAPE}
    others = {kind: family for kind, family in families.items() if kind not in OF_SHAPE}
    if shapes:
        settings = plan.images[0].settings if plan.images else Settings()
        solid = {"shape": shapes.pop("shape")} if region.volume.plane and "shape" in shapes else {}
        _leave(ORIGINAL, "NO_THICKNESS", solid, plan, found)
        _measure(ORIGINAL, _outline(region, settings), shapes, plan, found)
    if not others:
        return found
    box, spacing = bounding_box(region.mask, region.within), region.volume.spacing_mm
    mask = np.ascontiguousarray(region.mask[box])
    source = Source(region.volume.array, spacing, box, flat=bool(region.volume.plane))
    lattice_of = cache(partial(Lattice, mask))
    for image_type in plan.images:
        settings = image_type.settings
        lattice = lattice_of(settings.distances, settings.flat_axis if settings.flat else None)
        left = image_type.names()
        try:
            for name, image in image_type.derive(source):
                single = image_type.single(source.image.dtype)
                _measure(name, Roi(image, mask, spacing, settings, lattice, single), others, plan, found)
                left.remove(name)
        except Rejected as rejected:
            for name in left:
                _reject(name, rejected, others, plan, found)
    return found


@cache
def _keep_freed_memory() -> None:
    """Arrays of up to 31 MB that were freed stay in the process for the next ones.

    glibc asks the system for every array above 128 KB, and gives it back: to have its pages again and again took a fifth of
    the time of a large ROI. Once it frees a larger block it keeps whatever is smaller. Nothing is written to the block.
    """
    np.empty(31 << 20, np.uint8)


@cache
def _family(kind: str) -> Family:
    return FAMILIES.parse(kind)


def _outline(region: Region, settings: Settings) -> Roi:
    mask = region.shape_mask
    box = bounding_box(mask, region.within)
    # No feature of shape reads the image.
    return Roi(np.empty(0), np.ascontiguousarray(mask[box]), region.volume.spacing_mm, settings)


def _measure(name: str, roi: Roi, families: dict[str, Family], plan: Plan, found: Found) -> None:
    """Add the features of one image, or none of them if it is rejected."""
    computed = {kind: family.by_pyradiomics(roi) for kind, family in families.items()}
    if any(is_texture(kind) for kind in families) and len(roi.levels.present) == 1:
        found.one_level.add(name)
    for kind in families:
        values, start = computed[kind], f"{name}_{kind}_"
        for feature in plan.names(kind):
            value = values[feature]
            found.values[start + feature] = value
            if value != value:
                found.undefined[start + feature] = _reason(kind, roi)


def _reject(name: str, rejected: Rejected, families: dict[str, Family], plan: Plan, found: Found) -> None:
    found.rejected[name] = rejected
    _leave(name, rejected.code, families, plan, found)


def _leave(name: str, why: str, families: dict[str, Family], plan: Plan, found: Found) -> None:
    """Add features as undefined."""
    for kind in families:
        for feature in plan.names(kind):
            found.values[f"{name}_{kind}_{feature}"] = math.nan
            found.undefined[f"{name}_{kind}_{feature}"] = why


def _reason(kind: str, roi: Roi) -> str:
    if kind == "shape2D" and min(roi.mask.shape) > 1:
        return "SEVERAL_SLICES"
    if kind in OF_SHAPE:
        return "DEGENERATE"
    if len(roi.levels.present) == 1:
        return "ONE_GREY_LEVEL"
    return "DEGENERATE" if roi.lattice.numbers.any() else "NO_NEIGHBOURS"
