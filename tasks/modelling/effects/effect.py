"""Effect: how strongly a column goes together with a variable, as a number with its interval and its p."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.registry import Kind, Registry
from features.core.wording import counted

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]
VariableKind = Literal["number", "ranks", "flag", "classes", "follow_up"]
LEAST_EACH = 3  # cases of a class that are compared
LEAST_EVENTS = 5


@dataclass(frozen=True, eq=False)
class Sample:
    """What one effect is measured on: n rows without a missing or infinite value, of several patients.

    x: (n,) the column. y: (n,) the variable: a number, a rank, 0 or 1, the code of a class, or 0 or 1 for an event of interest;
    None where the effect is of days alone. kind: what y is. days: (n,) of follow-up. visit_days: (n,) of each row's visit.
    adjusted: (n, k) columns that are held fixed. strata: (n,) codes within which rows are compared. patients: (n,) codes.
    """

    x: Floats
    y: Floats | None
    kind: VariableKind | None
    patients: Codes
    adjusted: Floats
    strata: Codes
    days: Floats | None = None
    visit_days: Floats | None = None

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: Codes | NDArray[np.bool_]) -> Sample:
        """The sample of these rows."""
        return Sample(
            self.x[rows],
            None if self.y is None else self.y[rows],
            self.kind,
            self.patients[rows],
            self.adjusted[rows],
            self.strata[rows],
            None if self.days is None else self.days[rows],
            None if self.visit_days is None else self.visit_days[rows],
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """value, low, high: the effect with its 95 % interval. p: two-sided. link, spread: the effect and its standard error on the
    scale on which centres are compared. reason: why there is no effect, or no interval.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    link: float | None = None
    spread: float | None = None
    reason: str = ""


class Effect(Kind):
    """A kind of effect. Nothing is predicted, and nothing that is measured here is fitted anywhere else.

    title: what the number is, in words. takes: kinds of variables. null: its value where nothing goes together. lowest, highest:
    ends of the values. repeated: whether a patient may have several rows; else each patient counts once. ratio: shown on a
    logarithmic axis.
    """

    title: ClassVar[str]
    takes: ClassVar[frozenset[VariableKind]]
    null: ClassVar[float] = 0.0
    repeated: ClassVar[bool] = False
    ratio: ClassVar[bool] = False

    name: str = Field(
        "", pattern=r"^([a-z][a-z0-9_]*)?$", max_length=60, description="in the table; without it, the kind"
    )

    @property
    def word(self) -> str:
        """Its name in tables."""
        return self.name or self.kind

    @property
    def adjusts(self) -> tuple[str, ...]:
        """Columns that are held fixed, as the study names them."""
        return ()

    @property
    def strata_by(self) -> Literal["", "centre", "cohort"]:
        """What rows are compared within; "" for all together."""
        return ""

    @property
    def needs_variable(self) -> bool:
        """False where it is of days alone."""
        return True

    @property
    def needs_days(self) -> bool:
        """Whether it needs the days of visits."""
        return False

    def lacking(self, sample: Sample) -> str:
        """Why it cannot be measured on a sample of enough cases; "" if it can. A constant column or variable is told before."""
        if sample.kind in ("flag", "classes") and sample.y is not None:
            sizes = np.unique(sample.y, return_counts=True)[1]
            if sizes.min() < LEAST_EACH:
                return f"the smallest class has {counted(int(sizes.min()), 'case')}; needed: {LEAST_EACH}"
        return ""

    @abstractmethod
    def estimate(self, sample: Sample) -> Estimate:
        """The effect. Rows in another order give the same, to rounding. Numerical failures are an Estimate with a reason."""


class Adjusted(Effect):
    """What effects with columns that are held fixed share."""

    adjusted_for: tuple[str, ...] = Field(
        (),
        description="what is held fixed: columns of the design, clinical variables, `centre` or `cohort`; cases without one of "
        "them are left out",
    )

    @property
    def adjusts(self) -> tuple[str, ...]:
        return self.adjusted_for


EFFECTS: Registry[Effect] = Registry(Effect, "tasks.modelling.effects")
