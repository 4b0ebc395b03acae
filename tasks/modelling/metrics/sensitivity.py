"""Sensitivity at a learned threshold."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.metrics.metric import Scored
from tasks.modelling.share_right import ShareRight


class Sensitivity(ShareRight):
    """The share of positive cases above the threshold that the training fold learned.

    Altman & Bland, BMJ 1994;308:1552.
    """

    kind: Literal["sensitivity"] = "sensitivity"
    compared: ClassVar[Compared] = Compared(
        "recall_score of scikit-learn", "1e-12", "tasks/modelling/metrics/test_brier.py"
    )
    title: ClassVar[str] = "sensitivity"

    def counted(self, fold: Scored) -> NDArray[np.bool_]:
        return np.asarray(fold.outcome.flag)
