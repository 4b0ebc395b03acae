"""Harrell's C-index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import PairMetric, Scored, where_of
from tasks.modelling.pairs import Pairs, Sums, harrell_pairs, harrell_sums
from tasks.modelling.unpaired import no_pair


class HarrellC(PairMetric):
    """The share of pairs whose earlier time is an event in which the earlier event has the higher risk.

    Over the whole follow-up: nothing in it weighs by censoring, and the horizon of the endpoint does not cut it.
    Harrell et al., Stat Med 1996;15:361.
    """

    kind: Literal["harrell_c"] = "harrell_c"
    compared: ClassVar[Compared] = Compared(
        "concordance_index_censored of scikit-survival", "1e-12", "tasks/modelling/test_pairs.py"
    )
    title: ClassVar[str] = "Harrell’s C-index"
    needs: ClassVar[Need] = "risk"

    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        assert fold.outcome.days is not None
        return (harrell_pairs(fold.rows, fold.outcome.flag, fold.outcome.days, fold.risk),)

    def sums(self, fold: Scored, *, within: bool) -> tuple[Sums, ...]:
        centre = fold.centre if within else None
        assert fold.outcome.days is not None
        return (harrell_sums(fold.outcome.flag, fold.outcome.days, fold.risk, centre),)

    def undefined(self, folds: Sequence[Scored], *, within: bool = False) -> str:
        return no_pair([(fold.rows, fold.outcome.flag) for fold in folds], "with an event", where_of(within))
