"""The columns that go best with the outcome, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt

from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class Screen(Step):
    """Keeps the k columns of highest association with the outcome, or with any of its contrasts; all if there are fewer.

    events_per_feature: at most one column for so many training events, or cases of the smallest class; 0: no such limit.
    Ties in association take the earlier column. Fan & Lv, J R Stat Soc B 2008;70:849 (sure independence screening).
    """

    kind: Literal["screen"] = "screen"
    stage: ClassVar[Stage] = "select"
    tuned: ClassVar[tuple[str, ...]] = ("k",)

    k: tuple[PositiveInt, ...] = Field(
        (10, 30), min_length=1, title="Features (k)", description="how many columns are kept; inner folds choose"
    )
    events_per_feature: NonNegativeInt = Field(
        0, title="Events per feature", description="at most one column for so many training events; 0: no such limit"
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedScreen:
        return self.fit_variants(rows, target, seed, [self])[0]

    def fit_variants(self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]) -> list[FittedScreen]:  # type: ignore[override]  # noqa: ARG002
        """The ranking is made once. Raises ValueError for an outcome that does not vary."""
        from features.core.association import association  # scipy takes a while, and studies are read without it

        contrasts = [one for one in target.endpoint.contrasts(target.outcome) if one.varies]
        if not contrasts:
            raise ValueError(f"screening needs an outcome that varies: {target.endpoint.counted(target.outcome)}")
        strength = np.max([association(rows.X, contrast) for contrast in contrasts], axis=0)
        ranking = np.argsort(-strength, kind="stable")
        each = self.events_per_feature
        most = max(1, target.scarce // each) if each else len(ranking)
        return [FittedScreen(np.sort(ranking[: min(one.k[0], most)]), strength) for one in variants]


@dataclass(frozen=True, eq=False)
class FittedScreen(FittedStep):
    """kept: positions of the columns, ascending. strength: association of every column, (p,)."""

    kept: NDArray[np.intp]
    strength: Floats

    def apply(self, rows: Rows) -> Rows:
        return rows.keep(self.kept)
