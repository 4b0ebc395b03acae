"""samples: what networks that learn are shown of a region. It is made once and kept; it has no features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from features.core.bounds import SpacingMm
from features.core.column import Column
from features.core.images import IMAGES
from features.core.kinds.extractor import Extractor, Values
from features.core.kinds.preparation import Preparation
from features.core.kinds.sampling import LEVELS, SAMPLINGS, Pixels, Sampling, Shape, Shown, to_unit
from features.core.quarantine import Rejected
from features.core.region import Region
from features.core.wording import counted
from features.deep.card import AnySampling
from features.deep.patch_sampling import EveryAxis

USUAL = {2: "largest", 3: "patch"}  # by the dimensions of the size
LEAST, MOST = 8, 1024  # pixels along an axis
Side = Annotated[int, Field(ge=LEAST, le=MOST)]


def _is_none(value: object) -> bool:
    return value is None


class Samples(Extractor):
    """The block `images` of studies: models that learn from images read it. Its columns are facts, and never predictors."""

    kind: Literal["samples"] = "samples"
    block: ClassVar[Literal["radiomics", "deep"]] = "deep"
    batched: ClassVar[bool] = True
    gives: ClassVar[str] = IMAGES

    size: Annotated[tuple[Side, ...], Field(min_length=2, max_length=3)] = Field(
        description="of what is shown: [rows, columns], or [slices, rows, columns] of a patch"
    )
    samplings: tuple[AnySampling, ...] = Field(
        (), description="what is shown of a region, side by side as views; without it largest, of three sides patch"
    )
    channels: int = Field(
        3,
        ge=1,
        le=256,
        description="of the network; what shows one channel fits any number, and is repeated when it is read",
    )
    spacing_mm: Annotated[tuple[SpacingMm, SpacingMm, SpacingMm] | None, EveryAxis] = Field(
        None,
        exclude_if=_is_none,
        description="of a patch (x, y, z), or one for all; without it a patch holds the ROI and is scaled to the size",
    )
    orientation: str = Field(
        "",
        exclude_if=lambda value: value == "",
        description="where the axes x, y and z of a patch go, as LPS; without it as acquired",
    )

    @model_validator(mode="after")
    def check_samplings(self) -> Samples:
        views = [view for shown in self.shown for view in shown.sampling.views]
        for view in views:
            if views.count(view) > 1:
                raise ValueError(f"samplings: the view {view} stands twice")
        if len(self.size) == 2 and (self.spacing_mm or self.orientation):
            raise ValueError("spacing_mm and orientation are of patches: give a size of three sides, or leave them out")
        for one in self.shown:
            if type(one.sampling).joined is not Sampling.joined:
                raise ValueError(
                    f"samplings: {one.sampling.kind} shows another number of views of every region, and networks learn from one "
                    "number: take patch, largest, adjacent, nine_views, slices or windows"
                )
            if why := one.sampling.fault(one.shape):
                raise ValueError(f"samplings: {why}")
        return self

    @property
    def shown(self) -> tuple[Shown, ...]:
        shape = Shape(self.size, self.channels, self.spacing_mm, self.orientation)
        chosen = self.samplings or (SAMPLINGS.parse(USUAL[len(self.size)]),)
        return tuple(Shown(sampling, shape) for sampling in chosen)

    @property
    def said(self) -> str:
        samplings = ", ".join(dict.fromkeys(one.sampling.kind.replace("_", " ") for one in self.shown))
        return f"{samplings} at {' × '.join(map(str, self.size))}"

    @property
    def version(self) -> str:
        return "1; samplings " + ", ".join(f"{one.sampling.kind} {one.sampling.version}" for one in self.shown)

    def check(self, preparation: Preparation) -> None:
        many = len(preparation.channels) or 1
        found = {one.sampling.kind: one.sampling.channels(many) for one in self.shown}
        for kind, channels in found.items():
            if channels not in (1, self.channels):
                images = f" of {many} images" if many > 1 else ""
                raise ValueError(f"{kind}{images} shows {counted(channels, 'channel')}: say channels: {channels}")
        if len({*found.values()}) > 1:
            told = ", ".join(f"{kind} {channels}" for kind, channels in found.items())
            raise ValueError(f"samplings: all views have one number of channels; found {told}")

    def columns(self, preparation: Preparation) -> list[Column]:
        shown = " + ".join(preparation.channels) or preparation.modality
        told = f"share of what networks are shown of {shown} that is"
        ends = (("floor_share", "at the floor of the window, or beyond the image"), ("ceiling_share", "at the ceiling"))
        return [Column(name, "float32", f"{told} {said}", role="fact", family=self.kind) for name, said in ends]

    def extract_batch(self, regions: Sequence[Region], preparation: Preparation) -> Sequence[Values]:
        samples = [[one.sampling.sample([region], preparation, one.shape) for one in self.shown] for region in regions]
        return [_facts(one) for one in samples]

    def extract_samples(self, samples: Sequence[Sequence[Pixels]]) -> Sequence[Values | Rejected]:
        return [_facts(one) for one in samples]


def _facts(views: Sequence[Pixels]) -> dict[str, float]:
    """Shares over all views of a region; a pixel is at an end if it is kept as such."""
    pixels = np.concatenate([to_unit(one).ravel() for one in views])
    floor = float(np.mean(pixels < 0.5 / LEVELS))
    return {"floor_share": floor, "ceiling_share": float(np.mean(pixels > 1 - 0.5 / LEVELS))}
