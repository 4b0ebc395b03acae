"""The engine: features of a prepared image and mask, family by family, for the image itself and each derived one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from features.core.filter import Filter, Source
from features.core.region import Region
from features.core.room import Frozen
from features.radiomics.box import bounding_box
from features.radiomics.family import FAMILIES, Family
from features.radiomics.lattice import Lattice
from features.radiomics.names import ORIGINAL
from features.radiomics.roi import Roi
from features.radiomics.settings import Settings


@dataclass(frozen=True)
class Found:
    """values: each feature as pyradiomics names it, such as `log-sigma-2-0-mm-3D_glcm_Contrast`; NaN where undefined.

    undefined: why each of those is undefined: ONE_GREY_LEVEL, NO_NEIGHBOURS (no voxel has one in the ROI), SEVERAL_SLICES
    (of a feature of one slice), DEGENERATE (such as no extent along an axis).
    """

    values: dict[str, float]
    undefined: dict[str, str]


@dataclass(frozen=True)
class ImageType:
    """An image (no filter: the original one) and how features are computed of what is derived from it."""

    filter: Filter | None
    settings: Settings


class Plan(Frozen):
    """What is computed. families: names of families with the names of their features, or None for all of them."""

    images: tuple[ImageType, ...]
    families: dict[str, tuple[str, ...] | None]


def compute_features(region: Region, plan: Plan) -> Found:
    """Features of each image and family of the plan.

    The region's pixels are as they are to be measured. Raises Rejected as the filters and the discretisation do.
    """
    families = {name: (_family(name), wanted) for name, wanted in plan.families.items()}
    volume, box = region.volume, bounding_box(region.mask)
    mask = np.ascontiguousarray(region.mask[box])
    lattice_of = cache(partial(Lattice, mask))
    values: dict[str, float] = {}
    undefined: dict[str, str] = {}
    for name, image, settings in _images(plan, Source(volume.array, volume.spacing_mm, box)):
        lattice = lattice_of(settings.distances, settings.flat_axis if settings.flat else None)
        roi = Roi(image, mask, volume.spacing_mm, settings, lattice)
        for kind, (family, wanted) in families.items():
            if family.of_shape and name != ORIGINAL:
                continue
            measured = _outline(region, settings) if family.of_shape else roi
            for feature, value in family.compute(measured).items():
                if wanted is None or feature in wanted:
                    values[f"{name}_{kind}_{feature}"] = value
                    if math.isnan(value):
                        undefined[f"{name}_{kind}_{feature}"] = _reason(kind, family, measured)
    return Found(values, undefined)


def feature_names(plan: Plan) -> list[tuple[str, str, str]]:
    """Image, family and feature of everything that `compute_features` gives, in its order."""
    names: list[tuple[str, str, str]] = []
    for image_type in plan.images:
        for image in image_type.filter.names() if image_type.filter else [ORIGINAL]:
            for kind, wanted in plan.families.items():
                family = _family(kind)
                if not family.of_shape or image == ORIGINAL:
                    names += [(image, kind, f.name) for f in family.FEATURES if wanted is None or f.name in wanted]
    return names


@cache
def _family(kind: str) -> Family:
    return FAMILIES.parse(kind)


def _images(plan: Plan, source: Source) -> Iterator[tuple[str, NDArray[np.float64], Settings]]:
    for image_type in plan.images:
        if image_type.filter is None:
            yield ORIGINAL, source.crop((0, 0, 0))[0], image_type.settings
        else:
            for name, image in image_type.filter.derive(source):
                yield name, image, image_type.settings


def _outline(region: Region, settings: Settings) -> Roi:
    """The ROI whose shape is measured."""
    mask = region.mask if region.outline is None else region.outline
    box = bounding_box(mask)
    image = np.ascontiguousarray(region.volume.array[box], np.float64)
    return Roi(image, np.ascontiguousarray(mask[box]), region.volume.spacing_mm, settings)


def _reason(kind: str, family: Family, roi: Roi) -> str:
    if kind == "shape2D" and min(roi.mask.shape) > 1:
        return "SEVERAL_SLICES"
    if family.of_shape:
        return "DEGENERATE"
    if len(roi.levels.present) == 1:
        return "ONE_GREY_LEVEL"
    return "DEGENERATE" if roi.lattice.numbers.any() else "NO_NEIGHBOURS"


def all_families() -> dict[str, tuple[str, ...] | None]:
    """Every family that is there, with all of its features."""
    return dict.fromkeys(FAMILIES.modules)
