"""Voting: an ensemble of models."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from features.core.errors import FitError
from tasks.modelling.models.model import MODELS, FittedModel, Model, usual_models_of
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.fusion.weighing.combiner import Combiner

if TYPE_CHECKING:
    Member = Model
else:  # any value to pydantic: a schema that named every kind would hold itself
    Member = Annotated[
        Any,
        PlainValidator(MODELS.parse),
        PlainSerializer(lambda model: model.model_dump(mode="json")),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object", "required": ["kind"]}]}),
    ]


class Voting(Model):
    """The mean of several models, each fitted to the same columns; nothing is chosen among them.

    Of a member with several settings all are fitted, and count alike; so do members. Risks are brought to one spread first, that
    of the training cases; probabilities, numbers and curves of incidence are averaged as they are. A member that cannot be fitted
    is left out, which is said; steps of members of their own are not done. Weights of columns are mean shares, without a sign;
    none where a member has none. Dietterich, Multiple Classifier Systems 2000;1.
    """

    kind: Literal["voting"] = "voting"
    endpoints: ClassVar[frozenset[str]] = frozenset(
        {"binary", "multiclass", "multilabel", "ordinal", "continuous", "survival", "competing_risks"}
    )
    models: tuple[Member, ...] = Field(
        (),
        title="Models",
        description="kinds of models, or kinds with settings; none: the usual ones of the endpoint",
    )

    def members(self, endpoint: str) -> tuple[Model, ...]:
        """Its models, or the usual ones of a kind of endpoint."""
        return self.models or tuple(MODELS.parse(kind) for kind in usual_models_of(endpoint))

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedVoting:
        """Raises FitError for a member that cannot predict the endpoint, or where none can be fitted."""
        endpoint = target.endpoint.kind
        parts: dict[str, FittedModel] = {}
        why = ""
        for place, member in enumerate(self.members(endpoint)):
            if endpoint not in member.endpoints:
                raise FitError(f"voting: {member.kind} cannot predict {endpoint}; leave it out of its models")
            found = member.fit_variants(rows, target, seed, member.variants())
            fitted = {f"setting {i}": one for i, one in enumerate(found) if not isinstance(one, Exception)}
            if not fitted:
                why = f"voting: {member.kind} was left out: {next(one for one in found if isinstance(one, Exception))}"
                warnings.warn(why, UserWarning, stacklevel=2)
                continue
            parts[f"{member.kind} {place}"] = _together(fitted, rows, target)
        if not parts:
            raise FitError(why or "voting: it has no models")
        return _together(parts, rows, target)


def _together(parts: Mapping[str, FittedModel], rows: Rows, target: Target) -> FittedVoting:
    """Of models that count alike, in the spread of their training rows."""
    from tasks.modelling.fusion.weighing.combiner import even_combiner

    told = {name: one.predict(rows) for name, one in parts.items()}
    combiner = even_combiner(told, target.outcome, target.endpoint, np.zeros(len(rows), np.str_))
    return FittedVoting(dict(parts), combiner, rows.X.shape[1])


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
            found += size / total if total != 0 else size
        return found / len(self.parts)

    def state(self) -> dict[str, Any]:
        return {"parts": {name: one.state() for name, one in self.parts.items()}, "combiner": self.combiner.state()}
