"""Area under the ROC curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from features.core.kinds.compared import Compared
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import PairMetric, Scored, where_of
from tasks.modelling.pairs import Pairs, Sums, auc_pairs, auc_sums
from tasks.modelling.unpaired import no_pair


class Auc(PairMetric):
    """The share of pairs of a positive and a negative case in which the positive one scores higher; ties count one half.

    Hanley & McNeil, Radiology 1982;143:29.
    """

    kind: Literal["auc"] = "auc"
    compared: ClassVar[Compared] = Compared(
        "roc_auc_score of scikit-learn; variance by R's pROC", "1e-12", "tasks/modelling/test_pairs.py"
    )
    title: ClassVar[str] = "AUC"
    needs: ClassVar[Need] = "risk"

    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        return (auc_pairs(fold.rows, fold.outcome.flag, fold.risk),)

    def sums(self, fold: Scored, *, within: bool) -> tuple[Sums, ...]:
        centre = fold.centre if within else None
        return (auc_sums(fold.outcome.flag, fold.risk, centre),)

    def undefined(self, folds: Sequence[Scored], *, within: bool = False) -> str:
        return no_pair([(fold.rows, fold.outcome.flag) for fold in folds], "positive", where_of(within))
