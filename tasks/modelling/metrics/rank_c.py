"""C-index of a number or a rank."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from features.core.kinds.compared import Compared
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import PairMetric, Scored
from tasks.modelling.pairs import Pairs, order_pairs


class RankC(PairMetric):
    """The share of pairs of different outcome in which the higher one is predicted higher; equal predictions count one half.

    It is (Somers' D + 1) / 2. Somers, Am Sociol Rev 1962;27:799.
    """

    kind: Literal["rank_c"] = "rank_c"
    compared: ClassVar[Compared] = Compared.laws("tasks/modelling/metrics/test_metrics.py")
    title: ClassVar[str] = "C-index of ranks"
    needs: ClassVar[Need] = "risk"

    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        seen = fold.outcome.code.astype(np.float64) if fold.outcome.value is None else fold.outcome.value
        return (order_pairs(fold.rows, seen, fold.risk),)
