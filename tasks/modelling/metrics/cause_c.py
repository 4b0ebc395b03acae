"""C-index of one cause among competing ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import PairMetric, Scored, where_of
from tasks.modelling.pairs import Pairs, cause_pairs
from tasks.modelling.unpaired import no_early_pair


class CauseC(PairMetric):
    """The share of pairs in which a case with the event of interest has a higher risk than one that has it later or never.

    Whoever has a competing event never has that of interest. Pairs are weighted by the censoring of the training fold.
    Wolbers et al., Biostatistics 2014;15:526.
    """

    kind: Literal["cause_c"] = "cause_c"
    compared: ClassVar[Compared] = Compared(
        "Uno's C-index, where no other event is seen, and a table by hand", "1e-12", "tasks/modelling/test_pairs.py"
    )
    title: ClassVar[str] = "cause-specific C-index"
    needs: ClassVar[Need] = "risk"

    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        assert fold.outcome.days is not None
        return (cause_pairs(fold.rows, fold.outcome.code, fold.outcome.days, fold.risk, fold.censoring),)

    def undefined(self, folds: Sequence[Scored], *, within: bool = False) -> str:
        seen = [(fold.rows, fold.outcome.code == 1, fold.outcome.days, fold.censoring) for fold in folds]
        return no_early_pair(self.title, seen, "with the event of interest", where_of(within))
