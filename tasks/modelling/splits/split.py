"""Split: who trains and who is predicted. The folder holds all kinds of it."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.bounds import Folds
from features.core.design import Design
from features.core.errors import FitError
from features.core.kinds.endpoint import Endpoint
from features.core.kinds.registry import Kind, Registry
from features.core.outcome import Outcome
from features.core.wording import counted
from tasks.modelling.dealing import deal
from tasks.modelling.intervals.estimate import Models

Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Fold:
    """Row positions that train and row positions that are predicted. No patient, and no copy, stands on both sides.

    apparent: all rows train and are predicted too, which tells how optimistic that is, and is no score.
    """

    name: str
    repeat: int
    train: Rows
    test: Rows
    apparent: bool = False


class Split(Kind):
    """Cuts a Design into Folds. inner_folds: folds of the search for settings inside each training fold.

    predicts_held_out: whether a kind is given all rows; others see those that develop models. models: whose the predictions
    are, of which depends what an interval can be of. left_out: what a fold is, where each is one such thing that was left
    out and is scored alone too; else "". apparent: whether scores take a model of all cases into account that predicts the same
    cases (apparent_fold).
    """

    predicts_held_out: ClassVar[bool] = False
    models: ClassVar[Models]
    left_out: ClassVar[str] = ""
    apparent: ClassVar[bool] = False

    inner_folds: Folds = Field(
        3, title="Inner folds", description="folds of the search for settings inside each training fold"
    )

    @abstractmethod
    def cut(self, design: Design, seed: int) -> list[Fold]:
        """The folds, groups of the design disjoint. Raises FitError if the data do not allow it."""


class HeldOut(Split):
    """All that develops models trains once, and predicts the held-out cases of one role.

    role: as in Design.held_out. lacks: what to say where there are none.
    """

    predicts_held_out: ClassVar[bool] = True
    models: ClassVar[Models] = "fixed"
    role: ClassVar[str]
    lacks: ClassVar[str]

    def cut(self, design: Design, seed: int) -> list[Fold]:  # noqa: ARG002 (nothing random in it)
        train, test = np.flatnonzero(design.develops), np.flatnonzero(design.held_out == self.role)
        if not len(test):
            raise FitError(self.lacks)
        check_disjoint(design.groups, train, test)
        return [Fold(self.role, 0, train, test)]


SPLITS: Registry[Split] = Registry(Split, "tasks.modelling.splits")


def cut_folds(split: Split, design: Design, seed: int) -> list[Fold]:
    """The folds of a split, as positions in the design: held-out rows train nowhere, and are predicted by few kinds."""
    if split.predicts_held_out:
        return split.cut(design, seed)
    rows = np.flatnonzero(design.develops)
    folds = split.cut(design.take(rows), seed)
    return [replace(fold, train=rows[fold.train], test=rows[fold.test]) for fold in folds]


def apparent_folds(split: Split, design: Design) -> list[Fold]:
    """The fold in which all that develops models trains and is predicted, of splits that need it; else none."""
    rows = np.flatnonzero(design.develops)
    return [Fold("apparent", 0, rows, rows[design.scored[rows]], apparent=True)] if split.apparent else []


def grouped_folds(
    endpoint: Endpoint,
    outcome: Outcome,
    patients: NDArray[np.str_],
    folds: int,
    seed: int,
    centres: NDArray[np.str_] | None = None,
    scored: NDArray[np.bool_] | None = None,
) -> list[tuple[Rows, Rows]]:
    """(train, test) positions, patients kept together, the strata of the endpoint and the centres spread evenly (see deal).

    scored: (n,) False for rows that only train; patients without any other train in every fold.
    centres: (n,) names; None: one centre. They never make folds fewer. `folds` is cut to the patients of the smallest class, or to
    the patients with an event: a survival fold needs no censored case. Raises FitError if fewer than two folds are left.
    """
    import pandas as pd

    if scored is not None and (alone := trains_alone(patients, scored)).any():
        rows, more = np.flatnonzero(~alone), np.flatnonzero(alone)
        own = None if centres is None else centres[rows]
        dealt_out = grouped_folds(endpoint, outcome.take(rows), patients[rows], folds, seed, own)
        return [(np.sort(np.concatenate([rows[train], more])), rows[test]) for train, test in dealt_out]
    groups = pd.factorize(patients)[0].astype(np.intp)  # by first appearance: names must not decide the folds
    count = int(groups.max(initial=-1)) + 1
    folds = min([folds, count, *(len(np.unique(groups[mask])) for mask in endpoint.needed(outcome))])
    if folds < 2:
        seen = f"{counted(len(outcome), 'case')} of {counted(count, 'patient')}, {endpoint.counted(outcome)},"
        raise FitError(
            f"{seen} do not allow two folds; needed: two patients {endpoint.of_each}".rstrip() + "; add patients"
        )
    where = np.zeros(len(groups), np.str_) if centres is None else centres
    dealt = deal(endpoint.strata(outcome), where, groups, folds, np.random.default_rng(seed))
    found = [(np.flatnonzero(dealt != fold), np.flatnonzero(dealt == fold)) for fold in range(folds)]
    for train, test in found:
        check_disjoint(groups, train, test)
    return found


def trains_alone(groups: NDArray[np.str_], scored: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """True for the rows of patients none of whose rows is scored, (n,): their labels are weak, or are in weak ones."""
    return ~np.isin(groups, groups[scored])


def check_disjoint(patients: NDArray[Any], train: Rows, test: Rows) -> None:
    """Raises AssertionError, a bug, if a patient, a name or a code, stands on both sides or a side is empty."""
    shared = np.intersect1d(patients[train], patients[test])
    if len(shared) or not len(train) or not len(test):
        raise AssertionError(f"{len(shared)} patients on both sides; {len(train)} rows train, {len(test)} test")
