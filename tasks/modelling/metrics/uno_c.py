"""Uno's C-index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import PairMetric, Scored, where_of
from tasks.modelling.pairs import Pairs, Sums, uno_pairs, uno_sums
from tasks.modelling.unpaired import no_early_pair


class UnoC(PairMetric):
    """Harrell's pairs, weighted by the censoring of the training fold, for events before the horizon.

    Whoever is censored on the day of an event was followed until after it, so G is that just before the day (see uno_pairs).
    Uno et al., Stat Med 2011;30:1105.
    """

    kind: Literal["uno_c"] = "uno_c"
    compared: ClassVar[Compared] = Compared(
        "concordance_index_ipcw of scikit-survival, where no day holds an event and a censoring",
        "1e-12",
        "tasks/modelling/test_pairs.py",
    )
    title: ClassVar[str] = "Uno’s C-index"
    needs: ClassVar[Need] = "risk"

    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        assert fold.outcome.days is not None
        return (uno_pairs(fold.rows, fold.outcome.flag, fold.outcome.days, fold.risk, fold.censoring),)

    def sums(self, fold: Scored, *, within: bool) -> tuple[Sums, ...]:
        centre = fold.centre if within else None
        assert fold.outcome.days is not None
        return (uno_sums(fold.outcome.flag, fold.outcome.days, fold.risk, fold.censoring, centre),)

    def undefined(self, folds: Sequence[Scored], *, within: bool = False) -> str:
        seen = [(fold.rows, fold.outcome.flag, fold.outcome.days, fold.censoring) for fold in folds]
        return no_early_pair(self.title, seen, "with an event", where_of(within))
