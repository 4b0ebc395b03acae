"""Columns condensed to what goes with the outcome, block by block."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.components import Components, FittedComponents, columns_of_block, turned
from tasks.modelling.preprocessing.ranker import finite
from tasks.modelling.preprocessing.select.ranking.questions import numbers_of
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class Pls(Step):
    """The columns of each block become components of partial least squares: combinations that vary with the outcome.

    Columns are standardised first. Classes are numbers, one against the rest each; follow-up is the deviance residual (PLS-DR:
    Bastien, Chemom Intell Lab Syst 2008;91:78). Their names are BLOCK_pls_01 and on. A block of noise gives components that
    fit the training cases, so that few should be asked for. PLSRegression of scikit-learn; Wold et al., 2001;58:109.
    """

    kind: Literal["pls"] = "pls"
    compared: ClassVar[Compared] = Compared(
        "PLSRegression of scikit-learn on WORC-Lipo", "1e-7", "tasks/modelling/preprocessing/select/test_select.py"
    )
    stage: ClassVar[Stage] = "select"
    supervised: ClassVar[bool] = True
    makes_columns: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("components",)

    components: tuple[PositiveInt, ...] = Field(
        (1, 3), min_length=1, description="components of a block, at most as many as it has columns or cases allow"
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:  # noqa: ARG002 (nothing random in it)
        """Raises FitError for missing values, and an outcome that does not vary."""
        from sklearn.cross_decomposition import PLSRegression

        finite(self.kind, rows)
        Y = numbers_of(self.kind, target)
        found = []
        for block, own, standard, Z in columns_of_block(self.kind, rows):
            count = _independent(Z, self.components[0])
            axes = np.zeros((len(own), 0))
            if count:
                axes = np.asarray(
                    PLSRegression(count, scale=False, max_iter=2000, copy=False).fit(Z, Y.copy()).x_rotations_
                )
            axes = turned(axes, rows.columns.names[own])
            found.append(Components(block, own, standard.mean, standard.spread, axes))
        return FittedComponents(self.kind, tuple(found))


def _independent(Z: Floats, most: int) -> int:
    """How many directions the columns of Z, (n, p), have, at most so many: as many as a few random mixtures of them have."""
    mixtures = np.random.default_rng(0).normal(size=(Z.shape[1], min(most, *Z.shape)))
    return int(np.linalg.matrix_rank(Z @ mixtures))
