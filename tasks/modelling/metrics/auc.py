"""Area under the ROC curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from tasks.modelling.metrics.metric import PairMetric, Scored
from tasks.modelling.pairs import Pairs, auc_pairs, no_pair


class Auc(PairMetric):
    """The share of pairs of a positive and a negative case in which the positive one scores higher; ties count one half.

    Hanley & McNeil, Radiology 1982;143:29.
    """

    kind: Literal["auc"] = "auc"
    title: ClassVar[str] = "AUC"
    needs: ClassVar[Literal["risk", "probability", "value"]] = "risk"

    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        return (auc_pairs(fold.rows, fold.outcome.flag, fold.risk),)

    def undefined(self, folds: Sequence[Scored]) -> str:
        return no_pair([(fold.rows, fold.outcome.flag) for fold in folds], "positive")
