"""What a run may change in a study, as a form: the endpoint with models that can predict it, sets of blocks, splits.

The kinds come from their folders. The endpoints and blocks that a catalog has are added where it is served.
"""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import Discriminator, Field, Tag, create_model, model_validator

from features.core.catalog.ready_table import BUILT_IN
from features.core.catalog.table_source import Word
from features.core.frozen import Frozen
from features.core.kinds.delta import DELTAS, Delta
from features.core.kinds.endpoint import ENDPOINTS
from flows.serving.parameters import Choice, any_of
from tasks.modelling.candidate import Candidate, parse_candidate
from tasks.modelling.controls.control import CONTROLS, Control
from tasks.modelling.effects.effect import EFFECTS, Effect
from tasks.modelling.fusion.fusion import FUSIONS
from tasks.modelling.models.model import MODELS, Model, models_of
from tasks.modelling.preprocessing.step import STEPS, Step
from tasks.modelling.splits.split import SPLITS, Split

BLOCKS: tuple[str, ...] = BUILT_IN
AS_PLANNED: Final = "as the study says"
# Words of a study's keys, and one that leaves them as they are: the UI shows a list of words, and of nothing it cannot tell a name.
Thresholds = Literal["as the study says", "free", "always"]
Visits = Literal["as the study says", "one", "each"]
WhichVisit = Literal["as the study says", "last", "predict_at"]


if TYPE_CHECKING:
    AnyStep = Step
else:
    AnyStep = any_of(STEPS)


class Aim(Frozen):
    """An endpoint, and models that predict it; no models means those of the study.

    The fields of each kind of endpoint have names of their own (`binary_endpoint`), because the UI tells values apart by them.
    """

    def endpoint(self) -> str:
        """The name of the endpoint."""
        return str(next(getattr(self, name) for name in type(self).model_fields if name.endswith("_endpoint")))

    def models(self) -> tuple[Candidate, ...]:
        """The candidates; none means those of the study."""
        chosen = next(getattr(self, name) for name in type(self).model_fields if name.endswith("_models"))
        return tuple(one.candidate() for one in chosen)


class ChosenStep(Frozen):
    """Something that is done to the columns before a model sees them."""

    step: AnyStep = Field(title="Step", description="what is done, with settings from which inner folds choose")


class ChosenModel(Frozen):
    """A candidate as a form asks for it; the field `model`, with the models of one kind of endpoint, is added for each kind."""

    name: str = Field("", title="Name", description="in scores and report; empty: the kind of the model")
    steps: tuple[ChosenStep, ...] = Field(
        (),
        title="Steps",
        description="what is done to the columns before, in this order; none means the model's usual steps",
    )
    fusion: Literal[tuple(FUSIONS.modules)] = Field(  # type: ignore[valid-type]
        FUSIONS.default, title="Fusion", description="how several blocks become one prediction"
    )

    def candidate(self) -> Candidate:
        """The candidate. Raises ValueError where its steps cannot follow one another, or its name is no word."""
        given = {"name": self.name, "steps": tuple(one.step for one in self.steps)}
        model: Model = getattr(self, "model")  # noqa: B009 (it is a field of the subclasses)
        return parse_candidate({**{k: v for k, v in given.items() if v}, "model": model, "fusion": self.fusion})

    @model_validator(mode="after")
    def check_candidate(self) -> Self:
        """What is wrong is told as a wrong parameter."""
        self.candidate()
        return self


def _aim(kind: str) -> Any:
    """The form of one kind of endpoint, with the models that predict it; None if there are no such models."""
    fitting = models_of(kind)
    if not fitting:
        return None
    chosen = create_model(
        f"{_title(kind)}Model",
        __base__=ChosenModel,
        __doc__="A model with the settings from which inner folds choose, and the steps before it.",
        model=(any_of(MODELS, fitting), Field(title="Model", description="which kind of model is fitted")),
    )
    fields: dict[str, Any] = {
        f"{kind}_endpoint": (str, Field(title="Endpoint", description="what is predicted")),
        f"{kind}_models": (
            tuple[chosen, ...],
            Field((), title="Models", description="models that replace those of the study; none means the study's own"),
        ),
    }
    return create_model(
        _title(kind),
        __base__=Aim,
        __doc__=f"An endpoint of the kind {kind.replace('_', ' ')}, and its models.",
        **fields,
    )


def _title(kind: str) -> str:
    return kind.replace("_", " ").title().replace(" ", "")


def _kind_of(value: object) -> str | None:
    """The kind of endpoint that a value has fields for, "none" of nothing; None if it has for none."""
    if value is None:
        return "none"
    names = value if isinstance(value, Mapping) else type(value).model_fields if isinstance(value, Aim) else ()
    return next((kind for kind in ENDPOINTS.modules if any(str(name).startswith(f"{kind}_") for name in names)), None)


NEITHER = "give the fields of one kind of endpoint: " + " or ".join(f"{kind}_endpoint" for kind in ENDPOINTS.modules)

AIMS: dict[str, Any] = {kind: aim for kind in ENDPOINTS.modules if (aim := _aim(kind))}

if TYPE_CHECKING:
    AnyAim = Aim | None
    AnySplit = Split
    AnyControl = Control
    AnyDelta = Delta
    AnyEffect = Effect
    SetOfBlocks = tuple[str, ...]
else:
    AnyAim = Annotated[
        reduce(or_, (Annotated[aim, Tag(kind)] for kind, aim in {"none": None, **AIMS}.items())),
        Discriminator(_kind_of, custom_error_type="aim", custom_error_message=NEITHER),
        Choice(none=AS_PLANNED),
    ]
    AnySplit = any_of(SPLITS)
    AnyControl = any_of(CONTROLS)
    AnyDelta = any_of(DELTAS)
    AnyEffect = any_of(EFFECTS)
    SetOfBlocks = Annotated[tuple[Word, ...], Field(min_length=1)]


class Compared(Frozen):
    """How pairs of combinations are tested; the first choice of each leaves it as the study says."""

    test: Literal["as the study says", "usual", "permutation"] = Field(
        AS_PLANNED, title="Test", description="usual: DeLong's for shares of concordant pairs; permutation: for all"
    )
    correction: Literal["as the study says", "holm", "benjamini_hochberg"] = Field(
        AS_PLANNED,
        title="Correction",
        description="holm bounds the chance of any false claim, benjamini_hochberg the share of false ones",
    )
    draws: Annotated[int, Field(ge=99, le=100_000)] | None = Field(
        None, title="Draws", description="of a permutation test; none means those of the study"
    )

    def chosen(self) -> dict[str, object]:
        """Those keys of a study's comparisons that are not left as it says."""
        return {name: value for name, value in self.model_dump().items() if value not in (None, AS_PLANNED)}


AS_COMPARED = Compared()  # nothing is chosen


class ChosenSplit(Frozen):
    """A way to cut the cases into those that train and those that are predicted."""

    split: AnySplit = Field(title="Split", description="who trains, and who is predicted")


class ChosenControl(Frozen):
    """What is taken from each set of blocks, to see what its score lives on."""

    control: AnyControl = Field(title="Control", description="what is taken away; the pipeline is fitted anew")


class ChosenDelta(Frozen):
    """How features go from visit to visit; they are the block delta, which stands in a set of blocks."""

    delta: AnyDelta = Field(title="Delta", description="which time points are compared, and how")


class ChosenEffect(Frozen):
    """How columns and variables go together, in a study that reports associations."""

    effect: AnyEffect = Field(title="Effect", description="what is measured of each pair of a column and a variable")
