"""FittedTable: fitted steps and the model that sees what they make of the columns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.core.wording import counted
from tasks.modelling.fusion.fusion import Fitted
from tasks.modelling.linear import Linear
from tasks.modelling.models.model import FittedModel
from tasks.modelling.prediction import Prediction
from tasks.modelling.preprocessing.step import FittedStep
from tasks.modelling.rows import Columns, Rows


@dataclass(frozen=True, eq=False)
class Chain:
    """Steps fitted to columns, in their order. factor: what their values are multiplied by at the end."""

    columns: Columns
    steps: tuple[FittedStep, ...]
    factor: float = 1.0

    def apply(self, rows: Rows) -> Rows:
        """What the steps make of rows that have at least its columns. Raises ValueError if one is missing."""
        rows = _named(rows, self.columns)
        for step in self.steps:
            rows = step.apply(rows)
        return rows if self.factor == 1.0 else rows.with_values(rows.X * self.factor)

    def remarks(self, rows: Rows) -> Counter[str]:
        """What the steps do to rows that a reader has to know."""
        found: Counter[str] = Counter()
        rows = _named(rows, self.columns)
        for step in self.steps:
            found += step.remarks(rows)
            rows = step.apply(rows)
        return found

    def notes(self) -> Counter[str]:
        """What its steps saw while they were fitted that a reader has to know."""
        return sum((step.notes() for step in self.steps), Counter[str]())


@dataclass(frozen=True, eq=False)
class FittedTable(Fitted):
    """chains: one for all columns, or one for each block, whose columns then stand side by side."""

    chains: tuple[Chain, ...]
    model: FittedModel

    def apply(self, rows: Rows) -> Rows:
        """The rows as the model sees them."""
        return side_by_side([chain.apply(rows) for chain in self.chains])

    def predict(self, rows: Rows) -> Prediction:
        return self.model.predict(self.apply(rows))

    def linear(self, rows: Rows) -> Linear | str:
        one, found = rows.take(slice(0, 1)), self.model.linear()
        if found is None:
            return "its model is no sum of weighted columns"
        for step in (step for chain in self.chains for step in chain.steps):
            if type(step.inner).undo is FittedStep.undo:
                return f"its step {type(step.inner).__module__.rpartition('.')[2]} cannot be undone"
        (constant, each), weights, place = found, dict[str, float](), 0
        for chain in self.chains:
            before, now = [], _named(one, chain.columns)
            for step in chain.steps:
                before.append(now.columns)
                now = step.apply(now)
            made = now.columns.names.tolist()
            own = zip(made, each[place : place + len(made)].tolist(), strict=True)
            score: Linear | None = Linear(0.0, {name: chain.factor * weight for name, weight in own if weight != 0})
            for step, columns in zip(reversed(chain.steps), reversed(before), strict=True):
                score = None if score is None else step.undo(score, columns)
            if score is None:
                return "one of its steps cannot be undone"
            constant, place = constant + score.constant, place + len(made)
            for name, weight in score.weights.items():
                weights[name] = weights.get(name, 0.0) + weight
        return Linear(constant, weights)

    def remarks(self, rows: Rows) -> Counter[str]:
        found = sum((chain.remarks(rows) for chain in self.chains), Counter[str]())
        return found + self.model.remarks(self.apply(rows))

    def state(self) -> dict[str, Any]:
        steps = [[step.state() for step in chain.steps] for chain in self.chains]
        columns = [chain.columns.names.tolist() for chain in self.chains]
        return {"columns": columns, "steps": steps, "model": self.model.state()}


def side_by_side(parts: list[Rows]) -> Rows:
    """The columns of several tables of the same cases."""
    if len(parts) == 1:
        return parts[0]
    X = np.hstack([part.X for part in parts])
    return replace(parts[0], X=X, columns=Columns.joined([part.columns for part in parts]))


def _named(rows: Rows, columns: Columns) -> Rows:
    """These columns of rows, by their names."""
    if np.array_equal(rows.columns.names, columns.names):
        return rows
    place = {name: i for i, name in enumerate(rows.columns.names.tolist())}
    missing = [name for name in columns.names.tolist() if name not in place]
    if missing:
        raise ValueError(
            f"{counted(len(missing), 'column is', 'columns are')} missing that the model was fitted on, such as {missing[0]}"
        )
    return rows.keep(np.array([place[name] for name in columns.names.tolist()], np.intp))
