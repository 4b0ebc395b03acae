"""Voting: an ensemble of candidates."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from features.core.errors import FitError
from features.core.kinds.registry import Kind
from tasks.modelling.candidate import Candidate, parse_candidate
from tasks.modelling.models.model import NUMERICAL, FittedModel, Model, Settings, usual_models_of
from tasks.modelling.prediction import Prediction
from tasks.modelling.preprocessing.step import FittedStep
from tasks.modelling.rows import Floats, Names, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.fusion.weighing.combiner import Combiner

    Member = Candidate
else:  # any value to pydantic: a schema that named every kind would hold itself
    Member = Annotated[
        Any,
        PlainValidator(parse_candidate),
        PlainSerializer(lambda candidate: candidate.model_dump(mode="json")),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}]}),
    ]


class Voting(Model):
    """The mean of several candidates, each with its own steps; nothing is chosen among them.

    Of a member with several settings, of steps or of its model, all are fitted and count alike; so do members. Risks are brought
    to one spread first, that of the training cases; probabilities, numbers and curves are averaged as they are. A member that
    cannot be fitted is left out, which is said. Weights of columns are mean shares, without a sign; none where a member has none.
    Dietterich, Multiple Classifier Systems 2000;1.
    """

    kind: Literal["voting"] = "voting"
    endpoints: ClassVar[frozenset[str]] = frozenset(
        {"binary", "multiclass", "multilabel", "ordinal", "continuous", "survival", "competing_risks"}
    )
    steps: ClassVar[tuple[Settings, ...]] = ()
    scale_free: ClassVar[bool] = True
    models: tuple[Member, ...] = Field(
        (),
        title="Models",
        description="kinds of models, with settings, or with steps of their own, as a study names them; none: the usual ones of "
        "the endpoint",
    )

    @property
    def predictable(self) -> frozenset[str]:
        return self.endpoints.intersection(*(one.model.predictable for one in self.models))

    def candidates(self, endpoint: str) -> tuple[Candidate, ...]:
        """Its members, or the usual models of a kind of endpoint with their usual steps."""
        return self.models or tuple(parse_candidate(kind) for kind in usual_models_of(endpoint))

    def members(self, endpoint: str) -> tuple[Kind, ...]:
        return tuple(kind for one in self.candidates(endpoint) for kind in (*one.steps, one.model))

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedVoting:
        """Raises FitError for a member that cannot predict the endpoint, or where none can be fitted."""
        endpoint = target.endpoint.kind
        parts: dict[str, FittedModel] = {}
        why = ""
        for place, member in enumerate(self.candidates(endpoint)):
            if endpoint not in member.model.predictable:
                raise FitError(f"voting: {member.model.kind} cannot predict {endpoint}; leave it out of its models")
            fitted, why_not = _settings_of(member, rows, target, seed)
            if not fitted:
                why = f"voting: {member.name} was left out: {why_not}"
                warnings.warn(why, UserWarning, stacklevel=2)
                continue
            parts[f"{member.name} {place}"] = _together(fitted, rows, target)
        if not parts:
            raise FitError(why)
        return _together(parts, rows, target)


def _settings_of(
    member: Candidate, rows: Rows, target: Target, seed: int
) -> tuple[dict[str, FittedModel], Exception | None]:
    """A fit of each combination of settings of its steps and its model; beside them why the last could not be fitted."""
    found: dict[str, FittedModel] = {}
    why: Exception | None = None
    try:
        chains: list[tuple[tuple[FittedStep, ...], Rows]] = [((), rows)]
        for step in member.steps:
            chains = [
                ((*chain, one), one.apply(made)) for chain, made in chains for one in step.fit_own(made, target, seed)
            ]
    except NUMERICAL as error:
        return found, error
    for chain, made in chains:
        for one in member.model.fit_variants(made, target, seed, member.model.variants()):
            if isinstance(one, Exception):
                why = one
            else:
                found[f"setting {len(found)}"] = FittedMember(chain, one, rows.columns.names, made.columns.names)
    return found, why


def _together(parts: Mapping[str, FittedModel], rows: Rows, target: Target) -> FittedVoting:
    """Of models that count alike, in the spread of their training rows."""
    from tasks.modelling.fusion.weighing.combiner import even_combiner

    told = {name: one.predict(rows) for name, one in parts.items()}
    combiner = even_combiner(told, target.outcome, target.endpoint, np.full(len(rows), ""))
    return FittedVoting(dict(parts), combiner, rows.X.shape[1])


@dataclass(frozen=True, eq=False)
class FittedMember(FittedModel):
    """steps and model of one setting. given: (p,) names of the columns before the steps; made: (q,) of those after."""

    steps: tuple[FittedStep, ...]
    model: FittedModel
    given: Names
    made: Names

    def predict(self, rows: Rows) -> Prediction:
        for step in self.steps:
            rows = step.apply(rows)
        return self.model.predict(rows)

    def importance(self) -> Floats:
        """Of the columns before the steps; NaN of all where the model weighs columns that a step made."""
        weights = dict(zip(self.made.tolist(), self.model.importance().tolist(), strict=True))
        given = set(self.given.tolist())
        if any(weight != 0 for name, weight in weights.items() if name not in given):
            return np.full(len(self.given), np.nan)
        return np.array([weights.get(name, 0.0) for name in self.given.tolist()])

    def state(self) -> dict[str, Any]:
        return {"steps": [step.state() for step in self.steps], "model": self.model.state()}

    def remarks(self, rows: Rows) -> Counter[str]:
        found = Counter[str]()
        for step in self.steps:
            found += step.remarks(rows)
            rows = step.apply(rows)
        return found

    def notes(self) -> Counter[str]:
        return sum((step.notes() for step in self.steps), Counter[str]())


@dataclass(frozen=True, eq=False)
class FittedVoting(FittedModel):
    """parts: models by name. combiner: what each counts. columns: how many there are."""

    parts: Mapping[str, FittedModel]
    combiner: Combiner
    columns: int

    def predict(self, rows: Rows) -> Prediction:
        return self.combiner.combine({name: self.parts[name].predict(rows) for name in self.combiner.used})

    def importance(self) -> Floats:
        found = np.zeros(self.columns)
        for one in self.parts.values():
            size = np.abs(one.importance())
            total = float(size.sum())
            found += size / total if total > 0 else size
        return found / len(self.parts)

    def state(self) -> dict[str, Any]:
        return {"parts": {name: one.state() for name, one in self.parts.items()}, "combiner": self.combiner.state()}

    def remarks(self, rows: Rows) -> Counter[str]:
        """Those of any member; what several say of the same values is counted once."""
        return reduce(or_, (one.remarks(rows) for one in self.parts.values()), Counter[str]())

    def notes(self) -> Counter[str]:
        return reduce(or_, (one.notes() for one in self.parts.values()), Counter[str]())
