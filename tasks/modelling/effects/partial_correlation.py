"""Partial correlation."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.effects.effect import Adjusted, Estimate, Sample, VariableKind
from tasks.modelling.partial import partial_correlation


class PartialCorrelation(Adjusted):
    """Pearson's r of what is left of column and variable once a linear regression on `adjusted_for` is taken out of both.

    Answers whether texture tells more than the volume that it follows. What is held fixed is so as a line: a curve remains.
    """

    kind: Literal["partial_correlation"] = "partial_correlation"
    title: ClassVar[str] = "Partial r"
    takes: ClassVar[frozenset[VariableKind]] = frozenset({"number", "flag"})
    compared: ClassVar[Compared] = Compared(
        "pingouin and residuals of a regression, nki70", "1e-10", "tasks/modelling/effects/test_effects_of_others.py"
    )

    def estimate(self, sample: Sample) -> Estimate:
        assert sample.y is not None
        return partial_correlation(sample.x, sample.y, sample.adjusted)
