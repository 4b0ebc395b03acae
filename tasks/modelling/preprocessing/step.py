"""Step: what is done to the columns before a model sees them, fitted on training rows alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.registry import Registry
from tasks.modelling.linear import Linear
from tasks.modelling.rows import Columns, Rows
from tasks.modelling.target import Target
from tasks.modelling.tunable import Tunable

Stage = Literal["clean", "impute", "scale", "harmonise", "encode", "select"]
STAGES: tuple[Stage, ...] = ("clean", "impute", "scale", "harmonise", "encode", "select")


class FittedStep(ABC):
    """A step as fitted: a frozen dataclass of arrays, numbers and names."""

    @abstractmethod
    def apply(self, rows: Rows) -> Rows:
        """What becomes of rows, of any fold, that have the columns which it was fitted on."""

    def state(self) -> dict[str, Any]:
        """All that was learnt, by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]

    def remarks(self, rows: Rows) -> Counter[str]:  # noqa: ARG002 (most have nothing to say)
        """What it does to these rows that a reader of the report has to know, with how often."""
        return Counter()

    def notes(self) -> Counter[str]:
        """What was seen of the training rows while it was fitted that a reader has to know, with how often."""
        return Counter()

    @property
    def inner(self) -> FittedStep:
        """What was fitted, where it is for the columns of some blocks alone; else itself."""
        return self

    def undo(self, score: Linear, columns: Columns) -> Linear | None:  # noqa: ARG002 (most make no straight line)
        """A linear score of what it makes of columns, as one of these columns themselves; None where there is none.

        It holds of values that are known, and not so far out that the step cuts them off.
        """
        return None


class Step(Tunable):
    """What is done to columns.

    stage: what for; the folder that the kind lies in. takes_missing: whether it can be fitted to missing values. of_missing:
    whether it has nothing to do where all are filled in. makes_columns: whether there are columns after it that were not there
    before. repeatable: whether it may stand twice over the same blocks. supervised: whether it looks at the outcome. costly:
    whether it takes more than a few seconds for 160 rows of 3,800 columns, as its docstring says.
    """

    stage: ClassVar[Stage]
    takes_missing: ClassVar[bool] = False
    of_missing: ClassVar[bool] = False
    makes_columns: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False
    supervised: ClassVar[bool] = False
    costly: ClassVar[bool] = False

    blocks: tuple[str, ...] = Field(
        (), description="blocks whose columns it is for, the others pass by; none named: all of them"
    )

    @property
    def fills(self) -> bool:
        """Whether no value of its blocks is missing after it."""
        return False

    @abstractmethod
    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:
        """Learnt from training rows, with the first setting of every tuned field. Raises FitError where it cannot be."""

    def fit_variants(self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]) -> list[FittedStep]:
        """Each of its variants, fitted: a kind may share work among them."""
        return [variant.fit(rows, target, seed) for variant in variants]

    def own(self, rows: Rows) -> NDArray[np.bool_]:
        """Which columns of rows are of its blocks, (p,)."""
        return np.isin(rows.columns.blocks, self.blocks) if self.blocks else np.ones(len(rows.columns), bool)

    def fit_own(self, rows: Rows, target: Target, seed: int) -> list[FittedStep]:
        """Each of its variants, fitted to the columns of its blocks alone."""
        own, variants = self.own(rows), self.variants()
        if own.all():
            return self.fit_variants(rows, target, seed, variants)
        if not own.any():
            return [FittedOfBlocks(own, None) for _ in variants]
        return [FittedOfBlocks(own, one) for one in self.fit_variants(rows.keep(own), target, seed, variants)]


@dataclass(frozen=True, eq=False)
class FittedOfBlocks(FittedStep):
    """own: (p,) the columns that `fitted` is for; the others pass by. Columns keep their order, and new ones come last."""

    own: NDArray[np.bool_]
    fitted: FittedStep | None

    @property
    def inner(self) -> FittedStep:
        return self if self.fitted is None else self.fitted

    def apply(self, rows: Rows) -> Rows:
        if self.fitted is None:
            return rows
        rest, made = rows.keep(~self.own), self.fitted.apply(rows.keep(self.own))
        columns = Columns.joined([rest.columns, made.columns])
        place = {name: i for i, name in enumerate(rows.columns.names.tolist())}
        order = np.argsort([place.get(name, len(place)) for name in columns.names.tolist()], kind="stable")
        return replace(rows, X=np.hstack([rest.X, made.X])[:, order], columns=columns.take(order))

    def state(self) -> dict[str, Any]:
        return {"own": self.own, **({} if self.fitted is None else self.fitted.state())}

    def remarks(self, rows: Rows) -> Counter[str]:
        return Counter() if self.fitted is None else self.fitted.remarks(rows.keep(self.own))

    def notes(self) -> Counter[str]:
        return Counter() if self.fitted is None else self.fitted.notes()

    def undo(self, score: Linear, columns: Columns) -> Linear | None:
        if self.fitted is None:
            return score
        passing = set(columns.names[~self.own].tolist())
        rest = {name: weight for name, weight in score.weights.items() if name in passing}
        own = {name: weight for name, weight in score.weights.items() if name not in passing}
        found = self.fitted.undo(Linear(score.constant, own), columns.take(self.own))
        return None if found is None else Linear(found.constant, {**rest, **found.weights})


STEPS: Registry[Step] = Registry(Step, *(f"tasks.modelling.preprocessing.{stage}" for stage in STAGES))
