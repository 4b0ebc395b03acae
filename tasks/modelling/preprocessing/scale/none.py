"""No scaling, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.linear import Linear
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Columns, Rows
from tasks.modelling.target import Target


class None_(Step):  # noqa: N801 (the word itself is Python's)
    """Leaves columns as they are: a candidate says that it does not scale, for all blocks or for some.

    For columns that come in one unit, and for models that look at the order of values alone, such as forests. Penalties and
    distances are of columns in their own units then.
    """

    kind: Literal["none"] = "none"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/preprocessing/scale/test_scale.py")
    stage: ClassVar[Stage] = "scale"
    takes_missing: ClassVar[bool] = True

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (it learns nothing)
        return FittedNone()


@dataclass(frozen=True, eq=False)
class FittedNone(FittedStep):
    """Nothing was learnt."""

    def apply(self, rows: Rows) -> Rows:
        return rows

    def undo(self, score: Linear, columns: Columns) -> Linear:  # noqa: ARG002 (known values stay as they are)
        return score
