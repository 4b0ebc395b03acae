"""Ranker: a step that orders columns by what they tell of the outcome, and keeps the first of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt

from features.core.errors import FitError
from features.core.outcome import Outcome
from tasks.modelling.preprocessing.kept_columns import KeptColumns
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class Ranker(Step):
    """Keeps the k columns that stand first; all if there are fewer. The order is made once for all k.

    partial: whether it ends where enough columns have their place, so that nothing is known of the others.
    """

    stage: ClassVar[Stage] = "select"
    tuned: ClassVar[tuple[str, ...]] = ("k",)
    supervised: ClassVar[bool] = True
    partial: ClassVar[bool] = False

    k: tuple[PositiveInt, ...] = Field(
        (10, 30), min_length=1, title="Features (k)", description="how many columns are kept; inner folds choose"
    )
    events_per_feature: NonNegativeInt = Field(
        0, title="Events per feature", description="at most one column for so many training events; 0: no such limit"
    )

    @abstractmethod
    def ranked(self, rows: Rows, target: Target, seed: int, most: int) -> tuple[NDArray[np.intp], Floats]:
        """At least `most` positions of columns, or all, the first of them first; and what decided, (p,), NaN where that is open.

        Raises FitError where there can be no order.
        """

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:
        return self.fit_variants(rows, target, seed, [self])[0]

    def fit_variants(self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]) -> list[FittedStep]:
        each, p = self.events_per_feature, len(rows.columns)
        most = min(max(1, target.scarce // each) if each else p, p)
        ranking, strength = self.ranked(rows, target, seed, min(max(one.k[0] for one in variants), most))
        kept = [np.sort(ranking[: min(one.k[0], most)]) for one in variants]
        if not self.partial:
            return [KeptColumns(one, strength) for one in kept]
        known = np.arange(p)
        return [KeptColumns(one, np.where(np.isin(known, one), strength, 0.0)) for one in kept]


def contrasts_of(kind: str, target: Target) -> list[Outcome]:
    """The questions of an outcome to which there is more than one answer. Raises FitError where there is none."""
    found = [one for one in target.endpoint.contrasts(target.outcome) if one.varies]
    if not found:
        raise FitError(f"{kind}: the outcome does not vary: {target.endpoint.counted(target.outcome)}")
    return found


def finite(kind: str, rows: Rows) -> Floats:
    """The values, (n, p). Raises FitError where some are missing or infinite, with how many and where."""
    wrong = ~np.isfinite(rows.X)
    if wrong.any():
        names = ", ".join(rows.columns.names[wrong.any(axis=0)][:3])
        raise FitError(f"{kind}: missing or infinite values ({int(wrong.sum())}), in {names}; put median before it")
    return rows.X
