"""Cox regression on a handful of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from features.core.wording import counted
from tasks.modelling.models.model import CLEANED, FittedModel, Model, Settings
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.solvers.baseline import Baseline

EVENTS_PER_FEATURE = 10


class Cox(Model):
    """Cox regression with a small ridge penalty and Efron's rule for ties, one feature per ten training events and at most five.

    One candidate by default: as many features as the events allow. The score is the log hazard ratio;
    curves have Breslow's baseline.
    Cox, J R Stat Soc B 1972;34:187; Peduzzi et al., J Clin Epidemiol 1995;48:1503.
    """

    kind: Literal["cox"] = "cox"
    compared: ClassVar[Compared] = Compared(
        "CoxPHFitter of lifelines", "1e-5", "tasks/modelling/solvers/test_ridge_cox.py"
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
    usual: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("penalizer",)
    steps: ClassVar[tuple[Settings, ...]] = (
        *CLEANED,
        {"kind": "screen", "k": (5,), "events_per_feature": EVENTS_PER_FEATURE},
    )
    penalizer: tuple[PositiveFloat, ...] = Field(
        (0.05,), min_length=1, title="Penalty", description="strength of the ridge penalty; inner folds choose"
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedCox:  # noqa: ARG002 (nothing random in it)
        """Raises FitError for more columns than one per ten events, ArithmeticError where Newton's method fails."""
        from tasks.modelling.solvers.baseline import fit_baseline
        from tasks.modelling.solvers.ridge_cox import fit_ridge_cox

        event, time = target.y["event"], target.y["time"]
        events, columns = int(event.sum()), rows.X.shape[1]
        most = max(1, events // EVENTS_PER_FEATURE)
        if columns > most:
            raise FitError(
                f"Cox regression: {counted(columns, 'feature')} for {counted(events, 'event')}; allowed: at most {most}; "
                f"put a step that keeps fewer before it, such as {{kind: screen, k: [{most}]}}, or take ridge_cox or coxnet"
            )
        coefficients = fit_ridge_cox(rows.X, event, time, self.penalizer[0])
        return FittedCox(coefficients, fit_baseline((rows.X * coefficients).sum(axis=1), target.outcome))


@dataclass(frozen=True, eq=False)
class FittedCox(FittedModel):
    """coefficients: (p,) log hazard ratios. The score is against a case at the columns' zero, as the baseline is.

    Where events compete, those of other causes come with the hazard that all training cases have together.
    """

    coefficients: Floats
    baseline: Baseline

    def predict(self, rows: Rows) -> Prediction:
        risk = (rows.X * self.coefficients).sum(axis=1)
        if not np.isfinite(risk).all():
            raise ArithmeticError("Cox regression gave scores that are not finite")
        return Prediction(risk=risk, incidence=self.baseline.incidence(risk))

    def importance(self) -> Floats:
        return self.coefficients

    def linear(self) -> tuple[float, Floats]:
        return 0.0, self.coefficients

    def state(self) -> dict[str, Any]:
        return {"coefficients": self.coefficients, **self.baseline.state()}
