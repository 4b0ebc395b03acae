"""Harrell's C-index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from tasks.modelling.metrics.metric import PairMetric, Scored
from tasks.modelling.pairs import Pairs, harrell_pairs, no_pair


class HarrellC(PairMetric):
    """The share of pairs whose earlier time is an event in which the earlier event has the higher risk.

    Harrell et al., Stat Med 1996;15:361.
    """

    kind: Literal["harrell_c"] = "harrell_c"
    title: ClassVar[str] = "Harrell’s C-index"
    needs: ClassVar[Literal["risk", "probability", "value"]] = "risk"

    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        assert fold.outcome.days is not None
        return (harrell_pairs(fold.rows, fold.outcome.flag, fold.outcome.days, fold.risk),)

    def undefined(self, folds: Sequence[Scored]) -> str:
        return no_pair([(fold.rows, fold.outcome.flag) for fold in folds], "with an event")
