"""Recipe: a named preparation and the extractors that follow it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SerializeAsAny, model_validator

from features.core.bounds import MOST_EXTRACTORS
from features.core.kinds.extractor import EXTRACTORS, Extractor
from features.core.kinds.preparation import Preparation
from features.core.yaml import Document


class Recipe(Preparation):
    """How the pixels of one modality are prepared, and what is extracted from them.

    name: word used in column names. default: whether a refresh that names no recipes extracts it.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
    default: bool = Field(True, exclude_if=bool)
    extractors: tuple[Annotated[SerializeAsAny[Extractor], BeforeValidator(EXTRACTORS.parse)], ...] = Field(
        min_length=1, max_length=MOST_EXTRACTORS
    )

    @model_validator(mode="after")
    def check_extractors(self) -> Recipe:
        if self.window is None and any(extractor.block == "deep" for extractor in self.extractors):
            raise ValueError("deep features need a window: the intensities that become 0 and 1")
        for extractor in self.extractors:
            for one in self.filters:
                if not extractor.applies(one):
                    raise ValueError(f'the extractor {extractor.kind} cannot apply the filter "{one.kind}"')
            if extractor.units is not None and self.measured_unit not in extractor.units:
                normalised = ", normalised" if self.measured_unit != self.unit else ""
                needed = " or ".join(extractor.units)
                raise ValueError(f"{extractor.kind} needs the unit {needed}, not {self.unit}{normalised}")
        return self

    @property
    def reach_mm(self) -> float:
        """How far beyond the ROI pixels are looked at, besides what filters need."""
        return max(self.roi.reach_mm, *(extractor.reach_mm for extractor in self.extractors))


def load_recipe(path: Path) -> Recipe:
    """Recipe from a YAML file; its name is the file's name, landmarks lie beside it. Raises ConfigError with all faults."""
    document = Document.load(path)
    if isinstance(document.data, dict):
        document.data.setdefault("name", path.stem)
        normalise = document.data.get("normalise")
        if isinstance(normalise, dict) and isinstance(normalise.get("landmarks"), str):
            normalise["landmarks"] = str(path.resolve().parent / normalise["landmarks"])
    return document.parse(Recipe)
