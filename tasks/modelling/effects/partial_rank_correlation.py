"""Partial rank correlation."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from features.core.kinds.compared import Compared
from tasks.modelling.effects.effect import Adjusted, Estimate, Sample, VariableKind
from tasks.modelling.partial import partial_correlation


class PartialRankCorrelation(Adjusted):
    """Spearman's ρ of column and variable with `adjusted_for` held fixed: the partial correlation of the ranks of all of them."""

    kind: Literal["partial_rank_correlation"] = "partial_rank_correlation"
    title: ClassVar[str] = "Partial ρ"
    takes: ClassVar[frozenset[VariableKind]] = frozenset({"number", "ranks", "flag"})
    compared: ClassVar[Compared] = Compared(
        "pingouin, nki70", "1e-10", "tasks/modelling/effects/test_effects_of_others.py"
    )

    def estimate(self, sample: Sample) -> Estimate:
        from scipy.stats import rankdata

        x, y = (rankdata(one).astype(np.float64) for one in (sample.x, sample.y))
        adjusted = rankdata(sample.adjusted, axis=0).astype(np.float64)
        return partial_correlation(x, y, adjusted, ranks=True)
