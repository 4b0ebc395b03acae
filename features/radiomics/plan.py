"""Plan: which features are computed of which images. What computes them is `engine`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from features.core.frozen import Frozen
from features.core.kinds.filter import Filter, Source
from features.radiomics.dialects.pyradiomics import FEATURES, OF_SHAPE
from features.radiomics.dialects.settings import Settings
from features.radiomics.names import ORIGINAL


@dataclass(frozen=True)
class ImageType:
    """An image (no filter: the original one) and how features are computed of what is derived from it."""

    filter: Filter | None
    settings: Settings

    def single(self, image: np.dtype[np.generic]) -> bool:
        """Whether what is derived of an image of this type is in single precision."""
        return image == np.float32 if self.filter is None else self.filter.single(image)

    def names(self) -> list[str]:
        """Names of the images."""
        return [ORIGINAL] if self.filter is None else self.filter.names()

    def derive(self, source: Source) -> Iterator[tuple[str, NDArray[np.float64]]]:
        """The images on the source's box, by name. Raises Rejected as the filter."""
        return iter([(ORIGINAL, source.crop((0, 0, 0))[0])]) if self.filter is None else self.filter.derive(source)


class Plan(Frozen):
    """What is computed. families: names of families with the names of their features, or None for all but deprecated ones."""

    images: tuple[ImageType, ...]
    families: dict[str, tuple[str, ...] | None]

    def names(self, kind: str) -> list[str]:
        """Features of a family."""
        return _wanted(kind, self.families[kind])

    def for_plane(self) -> Plan:
        """The plan for an image of two axes: bands of a wavelet are those within the slice."""
        return Plan(images=tuple(map(_for_plane, self.images)), families=self.families)


def feature_names(plan: Plan) -> list[tuple[str, str, str]]:
    """Image, family and feature of everything that `compute_features` gives, in its order."""
    names = [(ORIGINAL, kind, name) for kind in plan.families if kind in OF_SHAPE for name in plan.names(kind)]
    for image_type in plan.images:
        for image in image_type.names():
            for kind in plan.families:
                if kind not in OF_SHAPE:
                    names += [(image, kind, name) for name in plan.names(kind)]
    return names


def is_texture(kind: str) -> bool:
    """Whether a family measures how grey levels lie to each other."""
    return kind != "firstorder" and kind not in OF_SHAPE


def _for_plane(image: ImageType) -> ImageType:
    if image.filter is None or image.filter.kind != "wavelet":
        return image
    return replace(image, filter=image.filter.model_copy(update={"flat": True, "flat_axis": 0}))


@lru_cache(maxsize=256)
def _wanted(kind: str, wanted: tuple[str, ...] | None) -> list[str]:
    features = FEATURES[kind]
    return [one.name for one in features if (not one.deprecated if wanted is None else one.name in wanted)]
