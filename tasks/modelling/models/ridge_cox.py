"""Ridge Cox regression: all columns at once, none of them chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

from pydantic import Field, PositiveFloat

from features.core.kinds.compared import Compared
from tasks.modelling.models.cox import FittedCox
from tasks.modelling.models.model import FittedModel, PathModel
from tasks.modelling.paths import along
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class RidgeCox(PathModel):
    """Cox regression with a ridge penalty and Breslow's rule for ties; the score is the log hazard ratio.

    Curves have Breslow's baseline. alpha_fraction: penalty as a fraction of the summed variance of the columns over the number
    of cases. At 1 log hazard ratios of cases are expected to have a standard deviation of about 1 before any event is seen, at 4
    one of 0.5: so it means the same whatever the number of columns. glmnet calls the penalty lambda; the alpha of
    scikit-survival's CoxPHSurvivalAnalysis is n times it.
    Verweij & van Houwelingen, Stat Med 1994;13:2427.
    """

    kind: Literal["ridge_cox"] = "ridge_cox"
    compared: ClassVar[Compared] = Compared(
        "CoxPHSurvivalAnalysis of scikit-survival on nki70 and vdv",
        "1e-10",
        "tasks/modelling/solvers/test_ridge_cox_path.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
    tuned: ClassVar[tuple[str, ...]] = ("alpha_fraction",)
    alpha_fraction: tuple[PositiveFloat, ...] = Field(
        (16.0, 4.0, 1.0),
        min_length=1,
        title="Penalty",
        description="as a fraction of the columns' summed variance over the number of cases; inner folds choose",
    )

    def fit_variants(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        variants: Sequence[Self],
    ) -> list[FittedModel | Exception]:
        """One path for all settings, from the strongest penalty to the weakest."""
        from tasks.modelling.solvers.baseline import fit_baseline
        from tasks.modelling.solvers.ridge_cox_path import penalty_unit, ridge_cox_path

        X = rows.X

        def fit(each: Floats) -> list[FittedModel]:
            path = ridge_cox_path(X, target.y["event"], target.y["time"], each * penalty_unit(X))
            return [FittedCox(b, fit_baseline((X * b).sum(axis=1), target.outcome)) for b in path]

        return along([one.alpha_fraction[0] for one in variants], fit)
