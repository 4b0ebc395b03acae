"""Preparation: everything that changes pixels before extraction. Its digest is the address of the prepared pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SerializeAsAny,
    Tag,
    model_validator,
)

from features.core.bounds import MOST_FILTERS, BinCount, BinWidth, SpacingMm
from features.core.case import Modality, Unit
from features.core.catalog.image_source import ImageWord as Word
from features.core.digest import digest_json
from features.core.frozen import Frozen
from features.core.kinds.filter import FILTERS, Filter
from features.core.kinds.normaliser import NORMALISERS, BiasCorrection, Normaliser
from features.core.kinds.variant import VARIANTS, Variant
from features.core.region import Vector

WHOLE = "whole"  # the variant that changes nothing


class FixedBinWidth(Frozen):
    """Fixed bin size discretisation (IBSI Q3RU): bins of `bin_width` intensity units."""

    bin_width: BinWidth = Field(description="width of a bin in intensity units (IBSI Q3RU)")


class FixedBinCount(Frozen):
    """Fixed bin number discretisation (IBSI K15C): `bin_count` bins between the ROI's minimum and maximum."""

    bin_count: BinCount = Field(
        description="number of bins between the lowest and the highest intensity of the ROI (IBSI K15C)"
    )


def _bins_of(value: object) -> str | None:
    """The class of bins, by the key that is given."""
    if not isinstance(value, Mapping):
        return type(value).__name__
    found = [one.__name__ for one in (FixedBinWidth, FixedBinCount) if one.model_fields.keys() & value.keys()]
    return found[0] if len(found) == 1 else None


Bins = Annotated[
    Annotated[FixedBinWidth, Tag("FixedBinWidth")] | Annotated[FixedBinCount, Tag("FixedBinCount")],
    Discriminator(_bins_of, "bins", "give either bin_width or bin_count"),
]


def _normaliser(value: object) -> Normaliser | None:
    """A normaliser from its settings, or none."""
    return None if value is None else NORMALISERS.parse(value)


def _variant(value: object) -> Variant:
    """A variant from its settings, or from words of ROIs, which are measured as they are."""
    if isinstance(value, str | list | tuple):
        for word in (value,) if isinstance(value, str) else value:
            if word in VARIANTS.modules and word != WHOLE:
                raise ValueError(f'"{word}" is a variant, not the word of a ROI; write {{kind: {word}}}')
        return VARIANTS.parse({"kind": WHOLE, "of": value})
    return VARIANTS.parse({"kind": WHOLE, **value} if isinstance(value, Mapping) else value)


def _is_none(value: object) -> bool:
    return value is None


def is_empty(value: object) -> bool:
    return value == ()


class Preparation(Frozen):
    """How the pixels of one modality are prepared: bias correction and normalisation of the whole image, resampling, the ROI's
    variant on the new grid, re-segmentation, then the derived images."""

    modality: Modality = Field(description="modality of the images")
    unit: Unit = Field(description="unit of their intensities")
    spacing_mm: tuple[SpacingMm | None, SpacingMm | None, SpacingMm | None] | None = Field(
        None,
        description="voxel size (x, y, z) after resampling; null for an axis keeps that axis, null for all keeps the grid",
    )
    interpolator: Literal["linear", "bspline"] = Field("linear", description="how intensities are resampled")
    round_intensities: bool = Field(False, description="round to whole numbers after resampling, such as HU")
    bias_correction: BiasCorrection | None = Field(
        None, description="N4 correction of the bias field, for MR; acts on the whole image, before `normalise`"
    )
    normalise: Annotated[SerializeAsAny[Normaliser] | None, BeforeValidator(_normaliser)] = Field(
        None, description="how intensities are made comparable; acts on the whole image, before resampling"
    )
    roi: Annotated[SerializeAsAny[Variant], BeforeValidator(_variant)] = Field(
        default_factory=lambda: VARIANTS.parse(WHOLE),
        description="which voxels are measured: ROIs by their words, as `tumour` or `tumour - necrosis`, or a variant of them, "
        "such as a shell round `of: tumour`; without it every ROI of the image",
    )
    resegment: tuple[float | None, float | None] | None = Field(
        None, description="lowest and highest intensity that stays in the ROI (IBSI USB3); null: no bound"
    )
    outlier_sigma: PositiveFloat | None = Field(
        None,
        exclude_if=_is_none,
        description="of these, only intensities within so many standard deviations of their mean stay (IBSI 7ACA)",
    )
    shuffle: NonNegativeInt | None = Field(
        None,
        exclude_if=_is_none,
        description="seed by which the voxels of the prepared ROI exchange their intensities: shape and histogram stay, texture "
        "goes; the control shuffled_intensities of studies makes such recipes",
    )
    discretise: Bins = Field(description="how grey levels are made")
    filters: tuple[Annotated[SerializeAsAny[Filter], BeforeValidator(FILTERS.parse)], ...] = Field(
        (), max_length=MOST_FILTERS, description="derived images, besides the original one"
    )
    channels: tuple[Word, ...] = Field(
        (),
        exclude_if=is_empty,
        description="words of images of a case that networks are shown together, as channels; the ROI of the first one is shown",
    )
    window: tuple[float, float] | None = Field(None, description="intensities that become 0 and 1 for deep features")
    minimum_voxels: PositiveInt = Field(27, description="a ROI with fewer voxels is rejected")

    @model_validator(mode="after")
    def check_settings_agree(self) -> Preparation:
        calibrated = self.unit != "arbitrary" or (self.normalise is not None and self.normalise.calibrates)
        if not calibrated and isinstance(self.discretise, FixedBinWidth):
            raise ValueError("a bin width needs a calibrated unit: use bin_count, or normalise the image")
        if self.bias_correction is not None and self.modality != "MR":
            raise ValueError(f"bias_correction is for MR, the modality of this recipe is {self.modality}")
        if len(self.channels) == 1 or len(set(self.channels)) < len(self.channels):
            raise ValueError("channels: give two images or more, each once; of a single one say images")
        self._check_fitted_on()
        for name, bounds in (("resegment", self.resegment), ("window", self.window)):
            low, high = bounds or (None, None)
            if low is not None and high is not None and not low < high:
                raise ValueError(f"{name}: the lower bound {low} is not below the upper bound {high}")
        if self.roi.body_above is not None and self.unit != "HU":
            raise ValueError(f"roi: body_hu goes with images in HU, the unit of this recipe is {self.unit}")
        return self

    def _check_fitted_on(self) -> None:
        """A normaliser that was fitted on images is for images that were prepared as they were."""
        fitted_on = self.normalise.fitted_on if self.normalise is not None else None
        for name in ("modality", "unit", "bias_correction") if fitted_on is not None else ():
            there, here = getattr(fitted_on, name), getattr(self, name)
            if there != here:
                raise ValueError(f"normalise: was fitted on images with {name} {there or 'none'}, not {here or 'none'}")

    @property
    def measured_unit(self) -> Unit:
        """The unit of prepared intensities: that of the image, or arbitrary if a normaliser changes it."""
        return self.unit if self.normalise is None or self.normalise.keeps_unit else "arbitrary"

    def digest(self) -> str:
        """Address of the prepared pixels.

        Which ROIs leaves no trace: that is the scan's. The whole ROI, no bias correction and no outliers leave none either:
        addresses are those of the time before there were others.
        """
        said = set(Preparation.model_fields) - ({"roi"} if self.roi.kind == WHOLE else set())
        said -= {"bias_correction"} if self.bias_correction is None else set()
        return digest_json(self.model_dump(mode="json", include=said, exclude={"roi": {"of"}}))

    def spacing_of(self, spacing_mm: Vector) -> Vector:
        """Spacing (x, y, z) of the prepared region of an image with this spacing."""
        x, y, z = (new or old for new, old in zip(self.spacing_mm or (None, None, None), spacing_mm, strict=True))
        return x, y, z

    @property
    def reach_mm(self) -> float:
        """How far beyond the ROI pixels are looked at, besides what filters need."""
        return self.roi.reach_mm
