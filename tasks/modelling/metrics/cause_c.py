"""C-index of one cause among competing ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from tasks.modelling.metrics.metric import PairMetric, Scored
from tasks.modelling.pairs import Pairs, cause_pairs, late_events, no_pair


class CauseC(PairMetric):
    """The share of pairs in which a case with the event of interest has a higher risk than one that has it later or never.

    Whoever has a competing event never has that of interest. Pairs are weighted by the censoring of the training fold.
    Wolbers et al., Biostatistics 2014;15:526.
    """

    kind: Literal["cause_c"] = "cause_c"
    title: ClassVar[str] = "cause-specific C-index"
    needs: ClassVar[Literal["risk", "probability", "value"]] = "risk"

    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        assert fold.outcome.days is not None
        return (cause_pairs(fold.rows, fold.outcome.code, fold.outcome.days, fold.risk, fold.censoring),)

    def undefined(self, folds: Sequence[Scored]) -> str:
        seen = [(fold.outcome.code == 1, fold.outcome.days, fold.censoring) for fold in folds]
        why = late_events(self.title, seen)
        return why or no_pair([(fold.rows, fold.outcome.code == 1) for fold in folds], "with the event of interest")
