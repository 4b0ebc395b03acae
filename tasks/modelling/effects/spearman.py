"""Spearman's rank correlation."""

from __future__ import annotations

from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.correlation_interval import by_fisher
from tasks.modelling.effects.effect import Effect, Estimate, Sample, VariableKind


class Spearman(Effect):
    """Spearman's ρ with a number, ranks, or yes and no: whether one rises with the other, in any shape.

    p by the t distribution, interval by Fisher's transform with the variance of Bonett and Wright (2000). Ties share their rank.
    """

    kind: Literal["spearman"] = "spearman"
    title: ClassVar[str] = "Spearman’s ρ"
    takes: ClassVar[frozenset[VariableKind]] = frozenset({"number", "ranks", "flag"})
    compared: ClassVar[Compared] = Compared(
        "scipy, nki70", "1e-12", "tasks/modelling/effects/test_effects_of_others.py"
    )

    def estimate(self, sample: Sample) -> Estimate:
        from scipy.stats import spearmanr

        found = spearmanr(sample.x, sample.y)
        return by_fisher(float(found.statistic), float(found.pvalue), len(sample) - 3, ranks=True)
