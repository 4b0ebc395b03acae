"""LASSO-Cox: Cox regression with an L1 penalty."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.models.cox import FittedCox
from tasks.modelling.models.model import FittedModel, PathModel
from tasks.modelling.paths import Found, along
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class Coxnet(PathModel):
    """LASSO-Cox, with Breslow's rule for ties; the score is the log hazard ratio; curves have Breslow's baseline.

    alpha_fraction: penalty as a fraction of the smallest one that sets every coefficient to zero.
    Simon et al., J Stat Softw 2011;39:1.
    """

    kind: Literal["coxnet"] = "coxnet"
    compared: ClassVar[Compared] = Compared(
        "CoxnetSurvivalAnalysis of scikit-survival, glmnet of R on nki70",
        "1e-4; glmnet 1e-5",
        "tasks/modelling/models/test_coxnet.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
    usual: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("alpha_fraction",)
    alpha_fraction: tuple[PositiveFloat, ...] = Field(
        (0.5, 0.25, 0.1),
        min_length=1,
        title="Penalty",
        description="fraction of the smallest penalty that sets every coefficient to zero; inner folds choose",
    )

    def fit_variants(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        variants: Sequence[Self],
    ) -> list[FittedModel | Exception]:
        """One path for all settings, from the strongest penalty to the weakest."""
        return fit_cox_path(rows, target, [one.alpha_fraction[0] for one in variants], 1.0)


def fit_cox_path(rows: Rows, target: Target, fractions: Sequence[float], l1_ratio: float) -> Found:
    """A model for each penalty, as a fraction of the smallest that sets every coefficient to zero, from one path.

    l1_ratio: the part of the penalty on sizes, the rest is on half of their squares.
    """
    from tasks.modelling.solvers.baseline import fit_baseline
    from tasks.modelling.solvers.lasso_cox_path import largest_cox_penalty, lasso_cox_path

    X, event, time, weights = rows.X, target.y["event"], target.y["time"], np.ones(len(rows.X))

    def fit(each: Floats) -> list[FittedModel]:
        largest = largest_cox_penalty(X, event, time, weights)
        # where no column tells anything of the events, every penalty leaves all at zero
        penalties = each * (largest if largest > 0 else 1.0) / l1_ratio
        path = lasso_cox_path(X, event, time, weights, penalties, l1_ratio=l1_ratio)
        return [FittedCox(b, fit_baseline((X * b).sum(axis=1), target.outcome)) for b in path]

    return along(fractions, fit)
