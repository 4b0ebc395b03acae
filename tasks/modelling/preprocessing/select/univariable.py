"""Columns that a test of each alone finds to go with the outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, NonNegativeInt

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.kept_columns import KeptColumns
from tasks.modelling.preprocessing.ranker import finite
from tasks.modelling.preprocessing.select.ranking.p_values import p_values
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class Univariable(Step):
    """Keeps columns whose test against the outcome is below α once it is corrected for how many were tested.

    Yes and no: Mann-Whitney; number and rank: Spearman; follow-up: score test of a Cox model; classes and labels: each against
    the rest, times their number. The correction is that of Benjamini and Hochberg, which holds the expected share of
    columns kept for nothing below α, or of Benjamini and Yekutieli (by), whatever their correlation, or none. Where no column
    passes, those of the smallest p are kept, `at_least` so many, and the report says so. Benjamini & Hochberg, J R Stat Soc B
    1995;57:289.
    """

    kind: Literal["univariable"] = "univariable"
    compared: ClassVar[Compared] = Compared(
        "tests of scipy and lifelines, and the example of Benjamini & Hochberg",
        "1e-7",
        "tasks/modelling/preprocessing/select/test_select.py",
    )
    stage: ClassVar[Stage] = "select"
    supervised: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("alpha",)

    alpha: tuple[float, ...] = Field(
        (0.05, 0.2), min_length=1, description="corrected p up to which a column is kept; inner folds choose"
    )
    correction: Literal["bh", "by", "none"] = Field("bh", description="for how many columns were tested")
    at_least: NonNegativeInt = Field(
        1, description="columns that are kept although fewer pass; 0: the fold has no model where none passes"
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:
        return self.fit_variants(rows, target, seed, [self])[0]

    def fit_variants(self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]) -> list[FittedStep]:  # noqa: ARG002
        """The tests are made once. Raises FitError for missing values, an outcome that does not vary, and where nothing is kept."""
        from scipy.stats import false_discovery_control

        p = p_values(self.kind, finite(self.kind, rows), target)
        corrected = p if self.correction == "none" else false_discovery_control(p, method=self.correction)
        return [one.of_corrected(corrected, p) for one in variants]

    def of_corrected(self, corrected: np.ndarray, p: np.ndarray) -> FittedStep:
        """What is kept. corrected, p: (p,)."""
        alpha, kept = self.alpha[0], np.flatnonzero(corrected <= self.alpha[0])
        if len(kept) >= max(self.at_least, 1):
            return KeptColumns(kept, p)
        if not self.at_least:
            raise FitError(
                f"univariable: none of {len(p)} columns has a corrected p up to {alpha:g}; the least is {corrected.min():.3g}; "
                "at_least: 1 keeps it"
            )
        first = np.argsort(p, kind="stable")[: self.at_least]
        note = f"univariable: {len(kept)} of the columns have a corrected p up to {alpha:g}: those of the smallest p are kept"
        return KeptColumns(np.sort(first), p, note)
