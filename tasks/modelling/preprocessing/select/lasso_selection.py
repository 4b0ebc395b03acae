"""The columns that a LASSO takes up first."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.ranker import Ranker, contrasts_of, finite
from tasks.modelling.preprocessing.select.ranking.paths import entries
from tasks.modelling.preprocessing.standard import Standard
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class LassoSelection(Ranker):
    """Keeps the k columns that enter first as the penalty of a LASSO falls, for a model that is none itself.

    Logistic regression for yes and no, Cox for follow-up and a cause of interest, linear for numbers and ranks; of classes and
    labels each against the rest, where the earliest entry counts. Columns are standardised within it. Fewer than k are kept where
    the path ends before, at a hundredth of the largest penalty. Tibshirani, J R Stat Soc B 1996;58:267.
    """

    kind: Literal["lasso_selection"] = "lasso_selection"
    compared: ClassVar[Compared] = Compared(
        "lars_path of scikit-learn: the order of columns", "0", "tasks/modelling/preprocessing/select/test_select.py"
    )
    partial: ClassVar[bool] = True

    def ranked(self, rows: Rows, target: Target, seed: int, most: int) -> tuple[NDArray[np.intp], Floats]:  # noqa: ARG002
        """Raises FitError for missing values, and an outcome that does not vary. strength: share of the largest penalty."""
        finite(self.kind, rows)
        Z = Standard.of(self.kind, rows).scaled(rows.X)
        entered = np.max([entries(Z, one, most) for one in contrasts_of(self.kind, target)], axis=0)
        order = np.argsort(-entered, kind="stable")
        return order[: max(1, np.count_nonzero(entered))], entered
