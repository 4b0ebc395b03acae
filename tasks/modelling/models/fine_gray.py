"""Fine and Gray's regression of the cumulative incidence of one event among competing ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, NonNegativeFloat

from features.core.kinds.compared import Compared
from tasks.modelling.models.model import FittedModel, PathModel
from tasks.modelling.paths import along
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.solvers.fine_gray import SubdistributionBaseline


class FineGray(PathModel):
    """Fine-Gray regression with a ridge penalty; the score is the log ratio of the subdistribution hazard.

    A higher score is a higher incidence of the event of interest on every day, whatever the other events do. Cases with another
    event stay at risk, weighed by the censoring of the training cases. alpha_fraction: penalty as a fraction of the summed
    variance of the columns over the number of cases, as in ridge_cox; 0 is no penalty.
    Fine & Gray, J Am Stat Assoc 1999;94:496.
    """

    kind: Literal["fine_gray"] = "fine_gray"
    compared: ClassVar[Compared] = Compared(
        "finegray and crr of R (survival, cmprsk) on bmt, cgvhd and head-and-neck",
        "1e-6; crr 1e-3 where an event and a censoring share a day",
        "tasks/modelling/models/test_fine_gray.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"competing_risks"})
    tuned: ClassVar[tuple[str, ...]] = ("alpha_fraction",)
    alpha_fraction: tuple[NonNegativeFloat, ...] = Field(
        (16.0, 4.0, 1.0),
        min_length=1,
        title="Penalty",
        description="as a fraction of the columns' summed variance over the number of cases, 0: none; inner folds choose",
    )

    def fit_variants(
        self,
        rows: Rows,
        target: Target,
        seed: int,  # noqa: ARG002 (nothing random in it)
        variants: Sequence[Self],
    ) -> list[FittedModel | Exception]:
        """One path for all settings, from the strongest penalty to the weakest."""
        from tasks.modelling.solvers.fine_gray import fit_subdistribution, staying
        from tasks.modelling.solvers.ridge_cox_path import penalty_unit, ridge_cox_path

        X, outcome = rows.X, target.outcome
        assert outcome.days is not None
        days = outcome.days

        def fit(each: Floats) -> list[FittedModel]:
            path = ridge_cox_path(X, outcome.code == 1, days, each * penalty_unit(X), staying(outcome))
            return [FittedFineGray(b, fit_subdistribution((X * b).sum(axis=1), outcome)) for b in path]

        return along([one.alpha_fraction[0] for one in variants], fit)


@dataclass(frozen=True, eq=False)
class FittedFineGray(FittedModel):
    """coefficients: (p,) log ratios of the subdistribution hazard. The score is against a case at the columns' zero."""

    coefficients: Floats
    baseline: SubdistributionBaseline

    def predict(self, rows: Rows) -> Prediction:
        risk = (rows.X * self.coefficients).sum(axis=1)
        if not np.isfinite(risk).all():
            raise ArithmeticError("Fine-Gray regression gave scores that are not finite")
        return Prediction(risk=risk, incidence=self.baseline.incidence(risk))

    def importance(self) -> Floats:
        return self.coefficients

    def state(self) -> dict[str, Any]:
        return {"coefficients": self.coefficients, **self.baseline.state()}
