"""Mean AUC over classes or labels."""

from __future__ import annotations

from typing import ClassVar, Literal

from tasks.modelling.metrics.metric import PairMetric, Scored
from tasks.modelling.pairs import Pairs, auc_pairs


class MacroAuc(PairMetric):
    """The mean of the AUCs of each class against all others, or of each label; those without comparable pairs are left out.

    Provost & Domingos, NYU Stern CeDER working paper IS-00-04 (2000), unweighted.
    """

    kind: Literal["macro_auc"] = "macro_auc"
    title: ClassVar[str] = "macro AUC"
    needs: ClassVar[Literal["risk", "probability", "value"]] = "probability"

    def pairs(self, fold: Scored) -> tuple[Pairs, ...]:
        code, levels = fold.outcome.code, range(len(fold.outcome.levels))
        flags = [column > 0 for column in code.T] if code.ndim > 1 else [code == level for level in levels]
        return tuple(auc_pairs(fold.rows, flag, fold.probability[:, i]) for i, flag in enumerate(flags))
