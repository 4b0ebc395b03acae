"""The columns that an elastic net takes up first."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.ranker import Ranker, contrasts_of, finite
from tasks.modelling.preprocessing.select.ranking.paths import entries
from tasks.modelling.preprocessing.standard import Standard
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class ElasticNetSelection(Ranker):
    """Keeps the k columns that enter first as the penalty of an elastic net falls: columns that go together enter together.

    As `lasso_selection`, which of columns that are alike takes one, by logistic, Cox and linear regressions; part of the penalty is
    on the squares of the coefficients. Zou & Hastie, J R Stat Soc B 2005;67:301.
    """

    kind: Literal["elastic_net_selection"] = "elastic_net_selection"
    compared: ClassVar[Compared] = Compared(
        "lasso_selection, where all penalty is on sizes", "0", "tasks/modelling/preprocessing/select/test_select.py"
    )
    partial: ClassVar[bool] = True

    l1_ratio: float = Field(
        0.5, gt=0, le=1, title="L1 share", description="part of the penalty that is on sizes; 1 is the LASSO"
    )

    def ranked(self, rows: Rows, target: Target, seed: int, most: int) -> tuple[NDArray[np.intp], Floats]:  # noqa: ARG002
        """Raises FitError for missing values, and an outcome that does not vary. strength: share of the largest penalty."""
        finite(self.kind, rows)
        Z = Standard.of(self.kind, rows).scaled(rows.X)
        entered = np.max([entries(Z, one, most, self.l1_ratio) for one in contrasts_of(self.kind, target)], axis=0)
        order = np.argsort(-entered, kind="stable")
        return order[: max(1, np.count_nonzero(entered))], entered
