"""Candidate: what a study compares: named steps, a model, and how blocks become one prediction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from features.core.catalog.catalog import Word
from features.core.frozen import Frozen
from features.core.kinds.registry import KindError
from tasks.modelling.fusion.fusion import FUSIONS, Fusion
from tasks.modelling.models.model import MODELS, Model
from tasks.modelling.preprocessing.step import STEPS, Step

AnyStep = Annotated[SerializeAsAny[Step], BeforeValidator(STEPS.parse)]
AnyModel = Annotated[SerializeAsAny[Model], BeforeValidator(MODELS.parse)]
AnyFusion = Annotated[SerializeAsAny[Fusion], BeforeValidator(FUSIONS.parse)]


TOGETHER = "together"  # the fusion that shows a model all blocks as they are
UNNAMED = "unnamed"  # while its model has faults


def _needs_a_model_alone(schema: dict[str, Any]) -> None:
    schema["required"] = ["model"]  # the others are filled in


class Candidate(Frozen):
    """Steps in their order, then the model. Everything is fitted on training rows; inner folds choose among settings."""

    model_config = ConfigDict(json_schema_extra=_needs_a_model_alone)

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
        """The name and the steps, where they are not given, are those of the model; a model with faults tells them itself."""
        if not isinstance(given, Mapping):
            return given
        try:
            model = MODELS.parse(given.get("model"))
        except ValueError:
            return {"name": UNNAMED, "steps": (), **given}
        fusion = {"fusion": TOGETHER} if model.over_blocks or model.of_images else {}
        return {"name": model.kind, "steps": model.steps, **fusion, **given, "model": model}

    @field_validator("fusion")
    @classmethod
    def check_fusion(cls, fusion: Fusion, known: ValidationInfo) -> Fusion:
        """A model that goes over the blocks itself, or sees images, has to see all of them, as they are."""
        model = known.data.get("model")
        if model is not None and (model.over_blocks or model.of_images) and fusion.kind != TOGETHER:
            does = "goes over the blocks itself" if model.over_blocks else "sees images and columns together"
            raise PydanticCustomError("fusion", f'{model.kind} {does}: leave out the fusion "{fusion.kind}"')
        return fusion

    @field_validator("steps")
    @classmethod
    def check_steps(cls, steps: tuple[Step, ...], info: ValidationInfo) -> tuple[Step, ...]:
        """Each step once, no missing values after cleaning; centres evened, columns encoded before any is scaled or chosen.

        None at all is for models that have none of their own, such as ensembles, or that see images, whose sets may have no
        columns.
        """
        model = info.data.get("model")
        if not steps and model is not None and model.steps and not model.of_images:
            raise ValueError(
                f'{model.kind} takes no missing values: put "median" among the steps, or leave out `steps`'
            )
        faults = list(_step_faults(steps))
        if faults:
            raise KindError(cls, ValidationError.from_exception_data("steps", faults))
        return steps

    def every_step(self) -> Iterator[Step]:
        """Its steps, then those of the candidates that its model is made of."""
        yield from self.steps
        yield from _steps_in(self.model)


def _steps_in(model: Model) -> Iterator[Step]:
    for one in dict.fromkeys(one for endpoint in sorted(model.predictable) for one in model.members(endpoint)):
        if isinstance(one, Step):
            yield one
        elif isinstance(one, Model):
            yield from _steps_in(one)


def _step_faults(steps: Sequence[Step]) -> Iterator[InitErrorDetails]:
    """What is wrong with the order of steps, each at its place. Steps for different blocks do not meet."""
    is_told = False
    for place, step in enumerate(steps):
        before = [one for one in steps[:place] if _meet(one, step)]
        filling = next((one.kind for one in before if one.fills and _covers([one], step)), None)
        if not step.repeatable and any(one.kind == step.kind for one in before):
            yield _fault(place, step.kind, f'the step "{step.kind}" stands twice')
        elif step.of_missing and filling:
            yield _fault(place, step.kind, f'nothing is missing after "{filling}": put "{step.kind}" before it')
        if not step.takes_missing and not _covers([one for one in before if one.fills], step):
            is_told = True
            yield _fault(
                place, step.kind, f'the step "{step.kind}" takes no missing values: {_remedy(before)} before it'
            )
        if (
            step.stage == "encode"
            and step.takes_missing
            and (clean := [one.kind for one in before if one.stage == "clean"])
        ):
            what = f'the step "{step.kind}" has to see the columns that "{clean[0]}" drops: put it before'
            yield _fault(place, step.kind, what)
        if (why := _BEFORE.get(step.stage)) and (later := _later(before)):
            yield _fault(place, step.kind, f'the step "{step.kind}" {why}: put it before "{later}"')
    if steps and not is_told and not any(one.fills and not one.blocks for one in steps):
        what = f"models take no missing values: {_remedy(steps)} among the steps"
        yield _fault(len(steps) - 1, steps[-1].kind, what)


_BEFORE = {"harmonise": "evens out centres", "encode": "encodes columns as they come"}  # scaling and selection


def _later(before: Sequence[Step]) -> str:
    """A step of these that scales or selects, "" if there is none."""
    return next((one.kind for stage in ("scale", "select") for one in before if one.stage == stage), "")


def _meet(one: Step, two: Step) -> bool:
    """Whether there may be columns that both are for."""
    return not one.blocks or not two.blocks or bool({*one.blocks} & {*two.blocks})


def _covers(some: Sequence[Step], step: Step) -> bool:
    """Whether these are for all columns that a step is for."""
    named = {block for one in some for block in one.blocks}
    return any(not one.blocks for one in some) or (bool(step.blocks) and {*step.blocks} <= named)


def _remedy(steps: Sequence[Step]) -> str:
    some = next((one for one in steps if one.fills and one.blocks), None)
    if some is None:
        return 'put "median"'
    return f'"{some.kind}" fills in {", ".join(some.blocks)} alone: put "median" for all that is left'


def _fault(place: int, kind: str, what: str) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError("step", what), loc=(place,), input=kind)


def parse_candidate(value: object) -> Candidate:
    """A candidate from a bare kind of model, a model with settings, or a mapping with the keys of a candidate.

    Raises ValueError or KindError, as Registry.parse does.
    """
    if isinstance(value, Candidate):
        return value
    if isinstance(value, Mapping) and "kind" not in value and value.keys() & Candidate.model_fields.keys():
        try:
            return Candidate.model_validate(dict(value))
        except ValidationError as error:
            raise KindError(Candidate, error) from error
    return Candidate.model_validate({"model": MODELS.parse(value)})


class _OrModel:
    """In a JSON schema: a model alone may stand in the place of a candidate."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        whole = handler(core)
        model = handler.resolve_ref_schema(whole)["properties"]["model"]
        return {"anyOf": [{"$ref": model["$ref"]}, whole]}


AnyCandidate = Annotated[Candidate, BeforeValidator(parse_candidate), _OrModel()]
