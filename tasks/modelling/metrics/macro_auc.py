"""Mean AUC over classes or labels."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.lacking import Need
from tasks.modelling.metrics.metric import PairMetric, Scored
from tasks.modelling.pairs import Pairs, Sums, auc_pairs, auc_sums


class MacroAuc(PairMetric):
    """The mean of the AUCs of each class against all others, or of each label; those without comparable pairs are left out.

    Provost & Domingos, NYU Stern CeDER working paper IS-00-04 (2000), unweighted.
    """

    kind: Literal["macro_auc"] = "macro_auc"
    compared: ClassVar[Compared] = Compared(
        "roc_auc_score of scikit-learn", "1e-12", "tasks/modelling/metrics/test_metrics.py"
    )
    title: ClassVar[str] = "macro AUC"
    needs: ClassVar[Need] = "probability"

    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        return tuple(auc_pairs(fold.rows, flag, fold.probability[:, i]) for i, flag in enumerate(_flags(fold)))

    def sums(self, fold: Scored, *, within: bool) -> tuple[Sums, ...]:
        centre = fold.centre if within else None
        return tuple(auc_sums(flag, fold.probability[:, i], centre) for i, flag in enumerate(_flags(fold)))


def _flags(fold: Scored) -> list[NDArray[np.bool_]]:
    """Who is of each class, or has each label, (m,) each."""
    code, levels = fold.outcome.code, range(len(fold.outcome.levels))
    return [column > 0 for column in code.T] if code.ndim > 1 else [code == level for level in levels]
