"""Recipe: a named preparation and the extractors that follow it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SerializeAsAny, ValidationInfo, model_validator

from features.core.bounds import MOST_EXTRACTORS
from features.core.case import Modality, Target, Unit
from features.core.catalog.image_source import ImageWord as Word
from features.core.errors import ConfigError, Fault, PlacedError
from features.core.file_kinds import check_file_kind
from features.core.kinds.extractor import EXTRACTORS, Extractor
from features.core.kinds.preparation import Preparation, is_empty
from features.core.yaml import Document

SHUFFLED = "_shuffled"  # ends the names of such recipes
NAME = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"


def _for_regions_prepared_so(extractor: Extractor, info: ValidationInfo) -> Extractor:
    """An extractor that is for regions of this recipe: each that is not is a fault of its own, and all are told."""
    if not Preparation.model_fields.keys() <= info.data.keys():  # what is wrong above it is told first
        return extractor
    preparation = Preparation.model_construct(**{name: info.data[name] for name in Preparation.model_fields})
    if preparation.channels and not extractor.shown:
        raise ValueError(f"channels: {extractor.word} measures single images; give it a recipe of its own")
    if extractor.block == "deep" and preparation.window is None:
        raise ValueError("deep features need a window: the intensities that become 0 and 1")
    extractor.check(preparation)
    for one in preparation.filters:
        if not extractor.applies(one):
            raise ValueError(f'the extractor {extractor.kind} cannot apply the filter "{one.kind}"')
    if extractor.units is not None and preparation.measured_unit not in extractor.units:
        normalised = ", normalised" if preparation.measured_unit != preparation.unit else ""
        needed = " or ".join(extractor.units)
        raise ValueError(f"{extractor.kind} needs the unit {needed}, not {preparation.unit}{normalised}")
    return extractor


AnyExtractor = Annotated[
    SerializeAsAny[Extractor], BeforeValidator(EXTRACTORS.parse), AfterValidator(_for_regions_prepared_so)
]


class Recipe(Preparation):
    """How the pixels of one modality are prepared, and what is extracted from them.

    `default` and `images` are none of the settings that decide results, so that they leave no trace in addresses.
    """

    name: str = Field(pattern=NAME, description="word used in names of columns; without it, the name of the file")
    default: bool = Field(
        False,
        exclude=True,
        description="of a recipe of radweave, or in the folder `recipes` beside the catalog: whether every refresh extracts it",
    )
    images: tuple[Word, ...] = Field(
        (),
        exclude_if=is_empty,
        description="words of the images that it is for; without it, every image of the modality and unit",
    )
    extractors: tuple[AnyExtractor, ...] = Field(
        min_length=1, max_length=MOST_EXTRACTORS, description="what is extracted"
    )

    @model_validator(mode="after")
    def check_recipe(self) -> Recipe:
        fitted_on = self.normalise.fitted_on if self.normalise is not None else None
        if fitted_on is not None and fitted_on.image and self.images != (fitted_on.image,):
            found = f"[{', '.join(self.images)}]" if self.images else "not given"
            raise ValueError(
                f"normalise: was fitted on images {fitted_on.image}, and images is {found}; say images: [{fitted_on.image}]"
            )
        if self.channels and self.images:
            raise ValueError("channels: names the images, images must not be said too")
        words = [extractor.word for extractor in self.extractors]
        for i, word in enumerate(words):
            if word in words[:i]:
                raise PlacedError(("extractors", i), f"{word} stands twice, and its columns would have the same names")
        return self

    def fits(self, modality: Modality, unit: Unit, image: str) -> bool:
        """Whether it is for an image of this modality, unit and word."""
        images = self.measured_images
        return (modality, unit) == (self.modality, self.unit) and (not images or image.lower() in images)

    @property
    def measured_images(self) -> tuple[Word, ...]:
        """Words of the images whose ROIs it measures: of images that are shown together the first; none: all that fit."""
        return self.channels[:1] or self.images

    def targets(self, declared: Iterable[Target]) -> tuple[Target, ...]:
        """The images and ROIs that it measures, of those that a cohort declares for its modality and unit.

        Without words of ROIs every ROI of an image but those of single readers. Where it names ROIs, only images that have all
        that it needs.
        """
        found: dict[Target, None] = {}
        images: dict[str, list[Target]] = {}
        for target in declared:
            if not self.measured_images or target.image.lower() in self.measured_images:
                images.setdefault(target.image, []).append(target)
        for own in images.values():
            there = {target.roi: target for target in own}
            for roi in self.roi.rois:
                if not roi.unknown(there):
                    first = there[roi.words[0]]
                    found[first._replace(roi=roi.name, is_roi_named=first.is_roi_named or roi.is_combined)] = None
            if not self.roi.rois:
                found |= dict.fromkeys(target for target in own if not target.is_of_reader)
        return tuple(found)

    def shuffled(self) -> Recipe:
        """The recipe NAME_shuffled of the same images after the voxels of each ROI exchanged their intensities."""
        return self.model_copy(update={"name": self.name + SHUFFLED, "shuffle": 0, "default": False})

    @property
    def settings(self) -> dict[str, Any]:
        """What decides columns and values, as JSON: the recipe can be read from it again."""
        return self.model_dump(mode="json")

    @property
    def reach_mm(self) -> float:
        """How far beyond the ROI pixels are looked at, besides what filters need."""
        return max(self.roi.reach_mm, *(extractor.reach_mm for extractor in self.extractors))


def load_recipe(path: Path) -> Recipe:
    """Recipe from a YAML file; its name is the file's name, landmarks lie beside it. Raises ConfigError with all faults.

    Where the file lies leaves no trace: landmarks, and weights cards of one's own, become part of the recipe.
    """
    document = Document.load(path)
    check_file_kind(document, "recipe")
    faults: list[Fault] = []
    cards: dict[int, Document] = {}
    if isinstance(document.data, dict):
        if "name" not in document.data and not re.fullmatch(NAME, path.stem):
            what, allowed = "the recipe takes its name from the file", "small letters, digits, single underscores"
            faults.append(Fault(str(path), what, f'"{path.stem}"', allowed, "rename the file, or say its `name`"))
            document.data["name"] = "unnamed"
        document.data.setdefault("name", path.stem)
        normalise = document.data.get("normalise")
        if isinstance(normalise, dict) and isinstance(normalise.get("landmarks"), str):
            normalise["landmarks"] = str(path.resolve().parent / normalise["landmarks"])
        extractors = document.data.get("extractors")
        for i, one in enumerate(extractors if isinstance(extractors, list) else ()):
            weights = one.get("weights") if isinstance(one, dict) else None
            if isinstance(weights, str) and weights.endswith((".yaml", ".yml")):
                cards[i] = Document.load(path.resolve().parent / weights)
                one |= {"own_card": cards[i].data, "weights": cards[i].path.stem}
    try:
        recipe = document.parse(Recipe)
    except ConfigError as error:
        raise ConfigError([*faults, *(_at_card(fault, cards) for fault in error.faults)]) from error
    if faults:
        raise ConfigError(faults)
    return recipe


def _at_card(fault: Fault, cards: Mapping[int, Document]) -> Fault:
    """A fault of a weights card of one's own is told with the file and line of the card."""
    found = re.search(r"extractors\.(\d+)\.own_card\.?([\w.]*)", fault.what)
    if found is None:
        return fault
    place = [int(part) if part.isdigit() else part for part in found[2].split(".") if part]
    what = fault.what.replace(found[0], found[2] or "the card")
    return replace(fault, where=cards[int(found[1])].where(place), what=what)


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the settings in which two recipes differ; none: both give the same columns and values.

    one, other: as `Recipe.settings` gives them.
    """
    return tuple(name for name in Recipe.model_fields if one.get(name) != other.get(name))
