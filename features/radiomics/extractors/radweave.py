"""radweave: features by our own engine, with the names and the values of pyradiomics, at a fraction of the time."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from typing import ClassVar, Literal

from pydantic import Field, NonNegativeInt, model_validator

from features.core.bounds import MOST_DISTANCES, Distance
from features.core.column import Column
from features.core.errors import hint_sentence
from features.core.kinds.extractor import Extractor
from features.core.kinds.preparation import FixedBinWidth, Preparation
from features.core.region import Region
from features.radiomics.dialects.pyradiomics import FEATURES, FamilyName
from features.radiomics.dialects.settings import Settings
from features.radiomics.names import UNDEFINED, word
from features.radiomics.plan import ImageType, Plan, feature_names, is_texture

VERSION = "3"  # raise it when values change
DEFAULT = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")


def _deprecated() -> dict[str, tuple[str, str]]:
    """Deprecated features by the name that a recipe gives them, such as `shape_Compactness1`: family and feature."""
    return {
        f"{kind}_{feature.name}": (kind, feature.name)
        for kind, features in FEATURES.items()
        for feature in features
        if feature.deprecated
    }


class Radweave(Extractor):
    """Shape, first order and five texture families of the original and each derived image.

    A feature that is undefined for a region is null; `undefined` says why. Of an ROI of one grey
    level all textures are.
    """

    kind: Literal["radweave"] = "radweave"
    block: ClassVar[Literal["radiomics", "deep"]] = "radiomics"
    families: tuple[FamilyName, ...] = Field(DEFAULT, min_length=1, description="families that are computed")
    deprecated: tuple[str, ...] = Field(
        (), description="features that follow from others, by name, such as `shape_Compactness1`"
    )
    distances: tuple[Distance, ...] = Field(
        (1,),
        min_length=1,
        max_length=MOST_DISTANCES,
        description="distances of neighbours in GLCM, GLDM and NGTDM, in voxels",
    )
    symmetrical: bool = Field(True, description="pairs of voxels count in both orders (GLCM)")
    weighting: Literal["manhattan", "euclidean", "infinity", "no_weighting"] | None = Field(
        None,
        description="how GLCM and GLRLM of several directions are merged before features are computed; null: features are averaged",
    )
    dependence: NonNegativeInt = Field(0, description="largest difference of grey levels of dependent voxels (GLDM)")
    array_shift: float = Field(0.0, description="added to intensities for energy, total energy and root mean square")
    flat: bool = Field(False, description="neighbours within axial slices only")

    @model_validator(mode="after")
    def check_deprecated(self) -> Radweave:
        known = (
            {name: kind for name, (kind, _) in _deprecated().items() if kind in self.families}
            if self.deprecated
            else {}
        )
        for name in self.deprecated:
            if name not in known:
                hint = hint_sentence(name, known)
                raise ValueError(
                    f'no deprecated feature of its families is "{name}"; allowed: {", ".join(known)}. {hint}'
                )
        return self

    @cached_property
    def version(self) -> str:
        return f"radweave {VERSION}; PyWavelets {version('PyWavelets')}"

    def columns(self, preparation: Preparation) -> list[Column]:
        features = {(kind, feature.name): feature for kind in self.families for feature in FEATURES[kind]}
        columns = []
        for image, kind, name in feature_names(self._plan(preparation)):
            feature = features[kind, name]
            columns.append(
                Column(
                    name=f"{word(image)}_{kind}_{name}",
                    type="float64",
                    description=f"{kind} of the {image} image: {feature.formula}",
                    family=kind,
                    filter=word(image),
                    ibsi=feature.ibsi,
                )
            )
        return [*columns, UNDEFINED]

    def extract_batch(self, regions: Sequence[Region], preparation: Preparation) -> list[Mapping[str, float | str]]:
        """Raises Rejected: TOO_MANY_BINS, FILTER_SIZE."""
        return [self._extract(region, preparation) for region in regions]

    def _extract(self, region: Region, preparation: Preparation) -> Mapping[str, float | str]:
        from features.radiomics.engine import compute_features  # what computes is imported late: a recipe only declares

        plan = self._plan(preparation)
        found = compute_features(region, plan)
        for rejected in found.rejected.values():
            raise rejected
        values: dict[str, float | str] = {}
        reasons: dict[str, list[str]] = {}
        for image, kind, feature in feature_names(plan):
            name, column = f"{image}_{kind}_{feature}", f"{word(image)}_{kind}_{feature}"
            empty = image in found.one_level and is_texture(kind)
            values[column] = math.nan if empty else found.values[name]
            if empty or name in found.undefined:
                reasons.setdefault("ONE_GREY_LEVEL" if empty else found.undefined[name], []).append(column)
        return {**values, UNDEFINED.name: json.dumps(reasons, sort_keys=True) if reasons else ""}

    def _plan(self, preparation: Preparation) -> Plan:
        bins = preparation.discretise
        settings = Settings(
            bin_width=bins.bin_width if isinstance(bins, FixedBinWidth) else None,
            bin_count=None if isinstance(bins, FixedBinWidth) else bins.bin_count,
            **self.model_dump(include={"distances", "symmetrical", "weighting", "dependence", "array_shift", "flat"}),
        )
        images = (ImageType(None, settings), *(ImageType(one, settings) for one in preparation.filters))
        families: dict[str, tuple[str, ...] | None] = dict.fromkeys(self.families)
        for kind, feature in (_deprecated()[name] for name in self.deprecated):
            usual = (one.name for one in FEATURES[kind] if not one.deprecated)
            families[kind] = (*(families[kind] or usual), feature)
        return Plan(images=images, families=families)
