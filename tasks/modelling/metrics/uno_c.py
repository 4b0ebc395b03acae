"""Uno's C-index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from tasks.modelling.metrics.metric import PairMetric, Scored
from tasks.modelling.pairs import Pairs, late_events, no_pair, uno_pairs


class UnoC(PairMetric):
    """Harrell's pairs, weighted by the censoring of the training fold, for events before the horizon.

    Uno et al., Stat Med 2011;30:1105.
    """

    kind: Literal["uno_c"] = "uno_c"
    title: ClassVar[str] = "Uno’s C-index"
    needs: ClassVar[Literal["risk", "probability", "value"]] = "risk"

    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        assert fold.outcome.days is not None
        return (uno_pairs(fold.rows, fold.outcome.flag, fold.outcome.days, fold.risk, fold.censoring),)

    def undefined(self, folds: Sequence[Scored]) -> str:
        why = late_events(self.title, [(f.outcome.flag, f.outcome.days, f.censoring) for f in folds])
        return why or no_pair([(fold.rows, fold.outcome.flag) for fold in folds], "with an event")
