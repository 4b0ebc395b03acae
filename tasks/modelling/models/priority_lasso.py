"""Priority LASSO: blocks one after the other, in an order that the study declares."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from features.core.bounds import Folds
from features.core.errors import FitError
from features.core.kinds.compared import Compared
from tasks.modelling.models.cox import FittedCox
from tasks.modelling.models.lasso import FittedLinear
from tasks.modelling.models.lasso_logistic import FittedLassoLogistic
from tasks.modelling.models.model import FittedModel, Model
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

PENALTIES = 50
SEPARATED = 5.0  # log odds, or log hazard, a standard deviation: 150 to 1
SEPARATES = (
    "priority LASSO: a column multiplies odds or hazard by more than 150 a standard deviation: it all but separates the training "
    "cases, and its weight is as large as the penalty lets it be; look whether it tells the outcome"
)


class PriorityLasso(Model):
    """A LASSO for each block in its turn, fitted to what those before it leave: they come in as an offset.

    So a block of few columns that is at hand everywhere, such as clinical ones, comes first, and a large one adds what is new.
    In each block the penalty is the one of the least deviance in folds of the training cases (patients whole), or the largest
    within one standard error of it. offsets: what earlier blocks say of the cases that they were fitted to, or, cross_validated,
    what the models of the folds say of those that they did not see, so that an early block that fits noise does not take the place
    of later ones. A column that separates the classes has a large weight, as folds choose a small penalty; the report says so.
    Logistic, linear, or of follow-up Cox regression with Breslow's baseline; columns are taken as they are.
    Klau et al., BMC Bioinformatics 2018;19:322 (prioritylasso of R, whose cvoffset chooses the penalty anew in each fold).
    """

    kind: Literal["priority_lasso"] = "priority_lasso"
    compared: ClassVar[Compared] = Compared(
        "a loop over cv.glmnet of R on nki70", "2e-5", "tasks/modelling/models/test_priority_lasso.py"
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "continuous", "survival", "competing_risks"})
    over_blocks: ClassVar[bool] = True
    order: tuple[str, ...] = Field(
        (),
        title="Order",
        description="all blocks of the set, the one that comes first first; of one block none is needed",
    )
    offsets: Literal["fitted", "cross_validated"] = Field(
        "fitted",
        title="Offsets",
        description="by which models earlier blocks come in: of all training cases, or of folds",
    )
    rule: Literal["best", "one_se"] = Field(
        "best",
        title="Penalty",
        description="best: of the least deviance in folds; one_se: fewer columns, within one standard error",
    )
    folds: Folds = Field(5, title="Folds", description="of the training cases, on which penalties are chosen")

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedPriorityLasso:
        """Raises FitError for a block without a place in the order, and too few events for folds; else as the paths do."""
        from tasks.modelling.solvers.offset_lasso import answers_of, lasso_beside
        from tasks.modelling.splits.split import grouped_folds

        blocks = self._ordered(rows)
        patients = rows.groups.get("patient", np.arange(len(rows)).astype(str))
        centre = rows.groups.get("centre")
        folds = grouped_folds(target.endpoint, target.outcome, patients, self.folds, seed, centre, rows.scored)
        answers = answers_of(target.outcome, target.endpoint.predicted)
        weights, intercept, offset = np.zeros(rows.X.shape[1]), 0.0, np.zeros(len(rows))
        total, kept = offset.copy(), []
        for block in blocks:
            own = np.flatnonzero(rows.columns.blocks == block)
            X = np.ascontiguousarray(rows.X[:, own])
            smallest = 0.01 if X.shape[1] >= len(X) else 0.001
            try:
                one = lasso_beside(X, answers, offset, folds, count=PENALTIES, smallest=smallest, rule=self.rule)
            except (ArithmeticError, ValueError) as error:
                raise type(error)(f"priority LASSO, block {block}: {error}") from error
            weights[own], intercept = one.weights[1:], intercept + float(one.weights[0])
            total = total + one.weights[0] + X @ one.weights[1:]
            offset = one.told if self.offsets == "fitted" else one.held_out
            kept.append((block, one.penalty, int(np.count_nonzero(one.weights[1:]))))
        if not np.isfinite(total).all():
            raise ArithmeticError("priority LASSO gave scores that are not finite")
        largest = float(np.abs(weights * rows.X.std(axis=0)).max(initial=0.0))
        sure = target.endpoint.predicted == "risk" and largest > SEPARATED
        return FittedPriorityLasso(_fitted(weights, intercept, total, target), tuple(kept), sure)

    def _ordered(self, rows: Rows) -> list[str]:
        """The blocks of these rows, in their order. Raises FitError for one without a place."""
        present = list(dict.fromkeys(rows.columns.blocks.tolist()))
        if len(present) == 1:
            return present
        without = [block for block in present if block not in self.order]
        if without:
            named = ", ".join(self.order) or "none"
            raise FitError(
                f"priority LASSO: no place in the order for {', '.join(without)}; order names {named}; name every block, the one "
                "that comes first first"
            )
        return [block for block in self.order if block in present]


def _fitted(weights: Floats, intercept: float, total: Floats, target: Target) -> FittedModel:
    """As a model of one table: the offsets are linear in the columns too."""
    from tasks.modelling.solvers.baseline import fit_baseline

    if target.outcome.days is not None:
        return FittedCox(weights, fit_baseline(total, target.outcome))
    if target.endpoint.predicted == "value":
        return FittedLinear(weights, intercept, "priority LASSO")
    return FittedLassoLogistic(np.append(intercept, weights)[None], "risk", 0, None)


@dataclass(frozen=True, eq=False)
class FittedPriorityLasso(FittedModel):
    """joint: the model of all columns that the blocks make together. kept: of each block, in its order, the penalty and how many
    columns have a weight. sure: whether a column all but separates the cases."""

    joint: FittedModel
    kept: tuple[tuple[str, float, int], ...]
    sure: bool = False

    def predict(self, rows: Rows) -> Prediction:
        return self.joint.predict(rows)

    def importance(self) -> Floats:
        return self.joint.importance()

    def state(self) -> dict[str, Any]:
        return {"kept": self.kept, **self.joint.state()}

    def notes(self) -> Counter[str]:
        """Which blocks add nothing to those before them, and where a column all but separates the classes."""
        found = [
            f"priority LASSO: no column of the block {block} was kept" for block, _, count in self.kept if not count
        ]
        return Counter([*found, *([SEPARATES] if self.sure else [])])
