"""Members: candidates that an ensemble is made of, each with its own steps, and what several of them say together."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from features.core.errors import FitError
from features.core.kinds.registry import Kind
from tasks.modelling.candidate import Candidate, parse_candidate
from tasks.modelling.models.model import NUMERICAL, FittedModel
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


def kinds_of(members: Sequence[Candidate]) -> tuple[Kind, ...]:
    """The steps and models that they are made of."""
    return tuple(kind for one in members for kind in (*one.steps, one.model))


def fit_members(
    kind: str, members: Sequence[Candidate], rows: Rows, target: Target, seed: int
) -> Iterator[tuple[str, FittedModel]]:
    """Each member by name and place. One that cannot be fitted is left out, with a warning that says why.

    kind: of the ensemble. Raises FitError for a member that cannot predict the endpoint, and where none could be fitted.
    """
    endpoint, found, why = target.endpoint.kind, 0, ""
    for place, member in enumerate(members):
        if endpoint not in member.model.predictable:
            raise FitError(f"{kind}: {member.model.kind} cannot predict {endpoint}; leave it out of its models")
        try:
            fitted = fit_member(member, rows, target, seed)
        except NUMERICAL as error:
            why = left_out(kind, member, error)
            continue
        found += 1
        yield f"{member.name} {place}", fitted
    if not found:
        raise FitError(why)


def left_out(kind: str, member: Candidate, why: Exception) -> str:
    """Warns that a member was left out, and why; returns what was said."""
    said = f"{kind}: {member.name} was left out: {why}"
    warnings.warn(said, UserWarning, stacklevel=3)
    return said


def fit_member(member: Candidate, rows: Rows, target: Target, seed: int) -> FittedModel:
    """All combinations of settings of its steps and its model, which count alike; the one alone where there is one.

    Raises one of NUMERICAL if none can be fitted.
    """
    fitted, why = _settings_of(member, rows, target, seed)
    if not fitted:
        raise why or FitError(f"{member.name} has no setting")
    return alike(fitted, rows, target) if len(fitted) > 1 else next(iter(fitted.values()))


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


def alike(parts: Mapping[str, FittedModel], rows: Rows, target: Target) -> FittedEnsemble:
    """Of models that count alike, in the spread of their training rows."""
    from tasks.modelling.fusion.weighing.combiner import even_combiner

    told = {name: one.predict(rows) for name, one in parts.items()}
    combiner = even_combiner(told, target.outcome, target.endpoint, np.full(len(rows), ""))
    return FittedEnsemble(dict(parts), combiner, dict.fromkeys(parts, 1 / len(parts)), rows.X.shape[1])


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
class FittedEnsemble(FittedModel):
    """parts: models by name. combiner: what each counts in predictions. shares: what each counts in weights of columns, summing
    to 1. columns: how many there are. has_curves: whether it gives curves, where all parts do."""

    parts: Mapping[str, FittedModel]
    combiner: Combiner
    shares: Mapping[str, float]
    columns: int
    has_curves: bool = True

    def predict(self, rows: Rows) -> Prediction:
        found = self.combiner.combine({name: self.parts[name].predict(rows) for name in self.combiner.used})
        return found if self.has_curves else replace(found, incidence=None)

    def importance(self) -> Floats:
        return joint_importance(self.parts, self.shares, self.columns)

    def state(self) -> dict[str, Any]:
        return {"parts": {name: one.state() for name, one in self.parts.items()}, "combiner": self.combiner.state()}

    def remarks(self, rows: Rows) -> Counter[str]:
        """Those of any member; what several say of the same values is counted once."""
        return reduce(or_, (one.remarks(rows) for one in self.parts.values()), Counter[str]())

    def notes(self) -> Counter[str]:
        return reduce(or_, (one.notes() for one in self.parts.values()), Counter[str]())


def joint_importance(parts: Mapping[str, FittedModel], shares: Mapping[str, float], columns: int) -> Floats:
    """The weight of each column, (columns,): its mean share of the sizes of the weights of each part, without a sign.

    NaN of all where a part that counts gives columns no weights.
    """
    found = np.zeros(columns)
    for name, one in parts.items():
        if shares[name] == 0:
            continue
        size = np.abs(one.importance())
        total = float(size.sum())
        found += shares[name] * (size / total if total > 0 else size)
    return found
