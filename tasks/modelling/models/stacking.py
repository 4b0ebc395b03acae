"""Stacking: an ensemble of candidates whose weights are learnt."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.bounds import Folds
from features.core.errors import FitError
from features.core.kinds.compared import Compared
from features.core.kinds.endpoint import Predicted
from features.core.kinds.registry import Kind
from tasks.modelling.candidate import Candidate
from tasks.modelling.members import (
    FittedEnsemble,
    Member,
    alike,
    fit_member,
    fit_members,
    joint_importance,
    kinds_of,
    left_out,
)
from tasks.modelling.models.model import NUMERICAL, FittedModel, Model, Settings
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Columns, Floats, Rows
from tasks.modelling.target import Target
from tasks.modelling.unnamed_members import unnamed_members

OutOfFold = dict[str, list[Prediction]]
Positions = NDArray[np.intp]


class Stacking(Model):
    """Several candidates, each with its own steps, weighed by what they tell of training cases that they have not seen.

    The training cases are cut into folds, patients whole. What each member, fitted to the others, predicts of a fold says how
    much it counts: without `final`, weights are those by which `stacked` weighs blocks, none below 0, their shares summing to 1
    (docs/fusion.md). final: a model of the outcome on these predictions instead, as the final_estimator of scikit-learn; its
    weights may be negative. Of a member with several settings all count alike, none is chosen. A member that cannot be fitted to
    all cases, or without one of the folds, is left out, which is said. Weights of columns are mean shares, without a sign.
    Wolpert, Neural Netw 1992;5:241; Breiman, Mach Learn 1996;24:49; van der Laan et al., Stat Appl Genet Mol Biol 2007;6:25.
    """

    kind: Literal["stacking"] = "stacking"
    compared: ClassVar[Compared] = Compared(
        "StackingClassifier and -Regressor of scikit-learn on WORC-Lipo",
        "1e-5",
        "tasks/modelling/models/test_stacking.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset(
        {"binary", "multiclass", "multilabel", "ordinal", "continuous", "survival", "competing_risks"}
    )
    steps: ClassVar[tuple[Settings, ...]] = ()
    scale_free: ClassVar[bool] = True
    models: tuple[Member, ...] = Field(
        (),
        title="Models",
        description="kinds of models, with settings, or with steps of their own, as a study names them; none: of two classes five "
        "views of the columns (docs/models.md), else the usual ones of the endpoint",
    )
    final: Member | None = Field(
        None,
        title="Final model",
        description="what makes one prediction of theirs, such as ridge_logistic; none: weights of 0 or more",
    )
    folds: Folds = Field(5, title="Folds", description="of the training cases, on which weights are learnt")

    @property
    def predictable(self) -> frozenset[str]:
        named = (*self.models, *([] if self.final is None else [self.final]))
        return self.endpoints.intersection(*(one.model.predictable for one in named))

    def members(self, endpoint: str) -> tuple[Kind, ...]:
        every = self.models or unnamed_members(endpoint)
        return kinds_of(every if self.final is None else (*every, self.final))

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedModel:
        """Raises FitError for a member that cannot predict the endpoint, where none can be fitted, or no folds for `final`."""
        members = self.models or unnamed_members(target.endpoint.kind)
        parts = dict(fit_members(self.kind, members, rows, target, seed))
        named = {name: member for member, name in zip(members, _names(members), strict=True) if name in parts}
        try:
            folds = folds_of(rows, target, self.folds, seed)
        except FitError as error:
            if self.final is not None:
                raise
            warnings.warn(f"stacking: {error}; so all members count alike", UserWarning, stacklevel=2)
            return alike(parts, rows, target)
        told = _out_of_fold(named, rows, target, folds, seed)
        parts = {name: parts[name] for name in told}
        seen = [test for _, test in folds]
        if self.final is not None:
            return _with_final(self.final, parts, told, rows, target, seen, seed)
        return _weighed(parts, told, rows, target, seen)


def folds_of(rows: Rows, target: Target, folds: int, seed: int) -> list[tuple[Positions, Positions]]:
    """Who trains and who is predicted, by position. Visits that only train are predicted by nobody. Raises FitError if there
    are too few events, or cases of a class, for two folds."""
    from tasks.modelling.splits.split import grouped_folds

    patients = rows.groups.get("patient", np.arange(len(rows)).astype(str))
    centre = rows.groups.get("centre")
    found = grouped_folds(target.endpoint, target.outcome, patients, folds, seed, centre, rows.scored)
    return [(train, test if rows.scored is None else test[rows.scored[test]]) for train, test in found]


def _names(members: Sequence[Candidate]) -> list[str]:
    """As fit_members names them."""
    return [f"{member.name} {place}" for place, member in enumerate(members)]


def _out_of_fold(
    named: Mapping[str, Candidate],
    rows: Rows,
    target: Target,
    folds: Sequence[tuple[Positions, Positions]],
    seed: int,
) -> OutOfFold:
    """What each member, fitted to the other folds, predicts of each fold; raises FitError if none can be fitted to all."""
    found: OutOfFold = {}
    why = ""
    for name, member in named.items():
        try:
            found[name] = [
                fit_member(member, rows.take(train), target.take(train), seed).predict(rows.take(test))
                for train, test in folds
            ]
        except NUMERICAL as error:
            why = left_out("stacking", member, error)
    if not found:
        raise FitError(why)
    return found


def _weighed(
    parts: Mapping[str, FittedModel], told: OutOfFold, rows: Rows, target: Target, seen: Sequence[Positions]
) -> FittedEnsemble:
    """By weights of 0 or more."""
    from tasks.modelling.fusion.weighing.combiner import fit_combiner

    centre = rows.groups.get("centre", np.full(len(rows), ""))
    outcomes = [target.outcome.take(test) for test in seen]
    combiner = fit_combiner(told, outcomes, target.endpoint, [centre[test] for test in seen])
    if not combiner.told:
        warnings.warn("stacking: no member predicted the outcome of cases it had not seen", UserWarning, stacklevel=2)
    has_curves = all(one.incidence is not None for each in told.values() for one in each)
    return FittedEnsemble(dict(parts), combiner, combiner.shares, rows.X.shape[1], has_curves)


def _with_final(
    final: Candidate,
    parts: Mapping[str, FittedModel],
    told: OutOfFold,
    rows: Rows,
    target: Target,
    seen: Sequence[Positions],
    seed: int,
) -> FittedStacking:
    """By a model of the outcome on out-of-fold predictions."""
    from tasks.modelling.fusion.weighing.combiner import columns

    endpoint = target.endpoint.kind
    if endpoint not in final.model.predictable:
        raise FitError(f"stacking: {final.model.kind} cannot predict {endpoint}; name another final model")
    order = np.argsort(np.concatenate(seen), kind="stable")
    known = np.concatenate(seen)[order]
    predicted, levels = target.endpoint.predicted, target.outcome.levels
    X = np.hstack([np.vstack([columns(one, predicted) for one in each]) for each in told.values()])[order]
    names = _columns(list(told), X.shape[1] // len(told), levels)
    whole = replace(rows.take(known), X=X, columns=names, scored=None)
    return FittedStacking(
        dict(parts), fit_member(final, whole, target.take(known), seed), predicted, names, rows.X.shape[1]
    )


def _columns(members: Sequence[str], each: int, levels: Sequence[str]) -> Columns:
    """A column for what each member predicts: one, or one for each class or label. The member is its block."""
    names = [f"{name}: {levels[i]}" if each > 1 else name for name in members for i in range(each)]
    return Columns(np.array(names), np.repeat(np.array(members), each))


@dataclass(frozen=True, eq=False)
class FittedStacking(FittedModel):
    """parts: models by name. final: what is fitted to their predictions, whose columns are `names`. width: columns of rows."""

    parts: Mapping[str, FittedModel]
    final: FittedModel
    predicted: Predicted
    names: Columns
    width: int

    def predict(self, rows: Rows) -> Prediction:
        from tasks.modelling.fusion.weighing.combiner import columns

        X = np.hstack([columns(one.predict(rows), self.predicted) for one in self.parts.values()])
        return self.final.predict(replace(rows, X=X, columns=self.names))

    def importance(self) -> Floats:
        """Of the columns before the members, by the size of the weights that the final model gives these."""
        size = np.abs(self.final.importance())
        total = float(size.sum()) or 1.0
        shares = {name: float(size[self.names.blocks == name].sum()) / total for name in self.parts}
        return joint_importance(self.parts, shares, self.width)

    def state(self) -> dict[str, Any]:
        parts = {name: one.state() for name, one in self.parts.items()}
        return {"parts": parts, "final": self.final.state(), "names": self.names.names}

    def remarks(self, rows: Rows) -> Counter[str]:
        """Those of any member; what several say of the same values is counted once."""
        return reduce(or_, (one.remarks(rows) for one in self.parts.values()), Counter[str]())

    def notes(self) -> Counter[str]:
        return reduce(or_, (one.notes() for one in self.parts.values()), Counter[str]())
