"""Cox regressions of each of several competing events, joined into their cumulative incidences."""

from __future__ import annotations

import warnings
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
    from tasks.modelling.solvers.baseline import Baseline


class CauseSpecificCox(PathModel):
    """A Cox regression with a ridge penalty for each cause, the other causes censored, and what they say together of incidences.

    The score follows the incidence of the cause of interest by the last of its training events: it takes into account that
    whoever is likely to have another event first is less likely to have this one. Weights are log hazard ratios of the cause of
    interest. All causes have the same penalty. alpha_fraction: as in ridge_cox; 0 is no penalty.
    Prentice et al., Biometrics 1978;34:541; Benichou & Gail, Biometrics 1990;46:813.
    """

    kind: Literal["cause_specific_cox"] = "cause_specific_cox"
    compared: ClassVar[Compared] = Compared(
        "coxph of R's survival on bmt, cgvhd and head-and-neck", "1e-5", "tasks/modelling/models/test_fine_gray.py"
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
        """One path of each cause for all settings, from the strongest penalty to the weakest."""
        from tasks.modelling.solvers.baseline import causes_of, fit_baseline
        from tasks.modelling.solvers.ridge_cox_path import penalty_unit, ridge_cox_path

        X, outcome = rows.X, target.outcome
        assert outcome.days is not None
        days = outcome.days

        def fit(each: Floats) -> list[FittedModel]:
            paths = np.zeros((causes_of(outcome), len(each), X.shape[1]))
            for cause in range(len(paths)):
                event = outcome.code == cause + 1
                if event.any():
                    paths[cause] = ridge_cox_path(X, event, days, each * penalty_unit(X))
                else:
                    name = outcome.levels[cause + 1]
                    warnings.warn(f"no training case has the event {name}: it is never expected", stacklevel=1)
            day = float(days[outcome.code == 1].max())
            parts = (paths[:, place] for place in range(len(each)))
            return [FittedCauseSpecificCox(b, fit_baseline(X @ b.T, outcome), day) for b in parts]

        return along([one.alpha_fraction[0] for one in variants], fit)


@dataclass(frozen=True, eq=False)
class FittedCauseSpecificCox(FittedModel):
    """coefficients: (causes, p) log hazard ratios, that of interest first. day: by which the score is the incidence."""

    coefficients: Floats
    baseline: Baseline
    day: float

    def predict(self, rows: Rows) -> Prediction:
        risk = np.stack([(rows.X * b).sum(axis=1) for b in self.coefficients], axis=1)
        if not np.isfinite(risk).all():
            raise ArithmeticError("cause-specific Cox regression gave scores that are not finite")
        curves = self.baseline.incidence(risk)
        by_then = np.clip(curves.at(np.array([self.day]))[:, 0, 0], 1e-12, 1 - 1e-12)
        return Prediction(risk=np.log(-np.log1p(-by_then)), incidence=curves)

    def importance(self) -> Floats:
        return np.asarray(self.coefficients[0])

    def state(self) -> dict[str, Any]:
        return {"coefficients": self.coefficients, "day": self.day, **self.baseline.state()}
