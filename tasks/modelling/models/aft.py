"""Accelerated failure time: regression of the time itself, with a distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from pydantic import Field, NonNegativeFloat

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from features.core.wording import counted
from tasks.modelling.distribution import Distribution
from tasks.modelling.models.cox import EVENTS_PER_FEATURE
from tasks.modelling.models.model import CLEANED, FittedModel, Model, Settings
from tasks.modelling.prediction import Incidence, Prediction, curve_days
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.solvers.aft import AftFit

Choice = Distribution | Literal["likeliest"]


class Aft(Model):
    """Accelerated failure time with a Weibull, log-normal or log-logistic distribution, and a ridge penalty.

    Of these the likeliest in training is taken, or one that is named. A column makes time run faster or slower; curves are those
    of the distribution, smooth and without a baseline. The score is less the logarithm of the predicted scale of time, so that a
    higher one is an earlier event; weights have that sign too. One feature per ten training events and at most five, as in cox.
    Wei, Stat Med 1992;11:1871.
    """

    kind: Literal["aft"] = "aft"
    compared: ClassVar[Compared] = Compared(
        "survreg of R on the Rossi table; lifelines on nki70", "1e-6; curves 3e-3", "tasks/modelling/models/test_aft.py"
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival"})
    tuned: ClassVar[tuple[str, ...]] = ("distribution", "penalizer")
    steps: ClassVar[tuple[Settings, ...]] = (
        *CLEANED,
        {"kind": "screen", "k": (5,), "events_per_feature": EVENTS_PER_FEATURE},
    )
    distribution: tuple[Choice, ...] = Field(
        ("likeliest",),
        min_length=1,
        title="Distribution",
        description="of the time to the event; likeliest: that of the highest likelihood in training; inner folds choose",
    )
    penalizer: tuple[NonNegativeFloat, ...] = Field(
        (0.05,), min_length=1, title="Penalty", description="strength of the ridge penalty, 0: none; inner folds choose"
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedAft:  # noqa: ARG002 (nothing random in it)
        """Raises FitError for more columns than one per ten events, or where no optimum is found."""
        from tasks.modelling.solvers.aft import fit_aft

        event, days = target.y["event"], target.y["time"]
        events, columns = int(event.sum()), rows.X.shape[1]
        most = max(1, events // EVENTS_PER_FEATURE)
        if columns > most:
            raise FitError(
                f"accelerated failure time: {counted(columns, 'feature')} for {counted(events, 'event')}; allowed: at most {most}; "
                f"put a step that keeps fewer before it, such as {{kind: screen, k: [{most}]}}"
            )
        chosen = self.distribution[0]
        found: dict[Distribution, AftFit] = {}
        failed: ArithmeticError | None = None
        for name in get_args(Distribution) if chosen == "likeliest" else (chosen,):
            try:
                found[name] = fit_aft(rows.X, event, days, name, self.penalizer[0])
            except ArithmeticError as error:
                failed = error
        if not found:
            raise FitError(
                f"{failed} for {columns} columns, {len(rows)} cases and {events} events at the penalty {self.penalizer[0]:g}; a "
                "stronger penalty or another distribution may have one"
            ) from failed
        name = max(found, key=lambda one: found[one].height)
        best = found[name]
        return FittedAft(name, best.coefficients, best.intercept, best.scale, curve_days(days[event]))


@dataclass(frozen=True, eq=False)
class FittedAft(FittedModel):
    """coefficients, (p,), intercept and scale: of the logarithm of time. days: (k,) of the curves.

    The scale is the sigma of lifelines' log-normal, 1 over its rho of Weibull and over its beta of log-logistic.
    """

    distribution: Distribution
    coefficients: Floats
    intercept: float
    scale: float
    days: Floats

    def predict(self, rows: Rows) -> Prediction:
        from tasks.modelling.solvers.aft import share_by

        slow = (rows.X * self.coefficients).sum(axis=1)
        if not np.isfinite(slow).all():
            raise ArithmeticError("accelerated failure time gave scores that are not finite")
        early = np.log(self.days) - np.clip(slow + self.intercept, -1e3, 1e3)[:, None]
        return Prediction(
            risk=-slow, incidence=Incidence(self.days, share_by(self.distribution, early / self.scale)[:, None])
        )

    def importance(self) -> Floats:
        return -self.coefficients

    def state(self) -> dict[str, Any]:
        told = {"coefficients": self.coefficients, "intercept": self.intercept, "scale": self.scale, "days": self.days}
        return {"distribution": self.distribution, **told}
