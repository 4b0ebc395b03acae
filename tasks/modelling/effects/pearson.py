"""Pearson's correlation."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.correlation_interval import by_fisher
from tasks.modelling.effects.effect import Effect, Estimate, Sample, VariableKind


class Pearson(Effect):
    """Pearson's r with a number, or with yes and no (the point-biserial correlation): how well a line fits.

    p by the t distribution, interval by Fisher's transform. One outlier can make or hide it: look at the scatter plot.
    """

    kind: Literal["pearson"] = "pearson"
    title: ClassVar[str] = "Pearson’s r"
    takes: ClassVar[frozenset[VariableKind]] = frozenset({"number", "flag"})
    compared: ClassVar[Compared] = Compared(
        "scipy, nki70", "1e-12", "tasks/modelling/effects/test_effects_of_others.py"
    )

    def estimate(self, sample: Sample) -> Estimate:
        from scipy.stats import pearsonr

        found = pearsonr(sample.x, sample.y)
        return by_fisher(float(found.statistic), float(found.pvalue), len(sample) - 3)
