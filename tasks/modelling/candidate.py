"""Candidate: what a study compares: named steps, a model, and how blocks become one prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SerializeAsAny, model_validator

from features.core.catalog.catalog import Word
from features.core.frozen import Frozen
from tasks.modelling.fusion.fusion import FUSIONS, Fusion
from tasks.modelling.models.model import MODELS, Model
from tasks.modelling.preprocessing.step import STEPS, Step

AnyStep = Annotated[SerializeAsAny[Step], BeforeValidator(STEPS.parse)]
AnyModel = Annotated[SerializeAsAny[Model], BeforeValidator(MODELS.parse)]
AnyFusion = Annotated[SerializeAsAny[Fusion], BeforeValidator(FUSIONS.parse)]


class Candidate(Frozen):
    """Steps in their order, then the model. Everything is fitted on training rows; inner folds choose among settings."""

    name: Word = Field(description="short name in scores and report; without it, the kind of the model")
    model: AnyModel = Field(description="what is fitted at the end")
    steps: tuple[AnyStep, ...] = Field(
        description="what is done to the columns before; without it, the model's usual steps"
    )
    fusion: AnyFusion = Field(
        default_factory=lambda: FUSIONS.parse(FUSIONS.default),
        description="how several blocks become one prediction",
    )

    @model_validator(mode="before")
    @classmethod
    def fill_in(cls, given: Any) -> Any:
        """The name and the steps, where they are not given, are those of the model."""
        if not isinstance(given, Mapping) or "model" not in given:
            return given
        model = MODELS.parse(given["model"])
        return {"name": model.kind, "steps": model.steps, **given, "model": model}

    @model_validator(mode="after")
    def check_order(self) -> Candidate:
        """Only cleaning stands before imputation: nothing else takes missing values."""
        filled = False
        for step in self.steps:
            filled = filled or step.stage == "impute"
            if not filled and step.stage != "clean":
                raise ValueError(f"{self.name}: the step {step.kind} takes no missing values: put median before it")
        return self


def parse_candidate(value: object) -> Candidate:
    """A candidate from a bare kind of model, a model with settings, or a mapping with the key `model`.

    Raises ValueError or KindError, as Registry.parse does.
    """
    if isinstance(value, Candidate):
        return value
    if isinstance(value, Mapping) and "model" in value:
        return Candidate.model_validate(dict(value))
    return Candidate.model_validate({"model": MODELS.parse(value)})
