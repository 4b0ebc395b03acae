"""Linear mixed-effects model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from features.core.kinds.compared import Compared
from tasks.modelling.answers import is_finite
from tasks.modelling.models.model import CLEANED, FittedModel, Model, Settings
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class MixedEffects(Model):
    """Linear regression of repeated visits with a random intercept of each patient, by restricted maximum likelihood.

    Visits of a patient resemble each other: a patient of ten visits does not count as ten. Days of visits are a column of their own
    where all are known. New patients are predicted by what all share (the fixed effects): nobody is recognised. Of patients with
    one row each it is least squares. Who is drawn twice (bootstrap) is two patients. Nothing is tuned; as many columns as rows are
    an error. Weights are coefficients. Laird & Ware, Biometrics 1982;38:963.
    """

    kind: Literal["mixed_effects"] = "mixed_effects"
    compared: ClassVar[Compared] = Compared(
        "MixedLM of statsmodels on WORC-Lipo", "1e-7; variances 1e-6", "tasks/modelling/models/test_mixed_effects.py"
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"continuous"})
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (5, 10)})

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedMixedEffects:  # noqa: ARG002 (nothing random in it)
        """Raises ValueError for as many columns as rows, ArithmeticError where no variance is found within patients."""
        from tasks.modelling.solvers.random_intercept import fit_random_intercept

        days = rows.days if rows.days is not None and np.isfinite(rows.days).all() and np.ptp(rows.days) > 0 else None
        centre, spread = (0.0, 1.0) if days is None else (float(days.mean()), float(days.std()))
        timed = [] if days is None else [(days - centre) / spread]
        A = np.column_stack([np.ones(len(rows)), *timed, is_finite(rows.X, self.kind)])
        y = np.asarray(target.y, np.float64)
        names = np.char.add(np.char.add(rows.groups.get("draw", np.full(len(rows), "")), " "), rows.groups["patient"])
        patients = np.unique(names, return_inverse=True)[1].astype(np.intp)
        found = fit_random_intercept(A, y, patients)
        slope = 0.0 if days is None else float(found.coefficients[1]) / spread
        intercept = float(found.coefficients[0]) - slope * centre
        return FittedMixedEffects(found.coefficients[1 + len(timed) :], intercept, slope, found.between, found.within)


@dataclass(frozen=True, eq=False)
class FittedMixedEffects(FittedModel):
    """coefficients: (p,); intercept; slope: for a day later, 0 where days were not known. between, within: variances of patients'
    intercepts and of visits."""

    coefficients: Floats
    intercept: float
    slope: float
    between: float
    within: float

    def predict(self, rows: Rows) -> Prediction:
        """Raises ArithmeticError for a row whose day is not known, where days count."""
        value = (rows.X * self.coefficients).sum(axis=1) + self.intercept
        if self.slope:
            value = value + self.slope * (np.full(len(rows), np.nan) if rows.days is None else rows.days)
        value = is_finite(value, "mixed_effects")
        return Prediction(risk=value, value=value)

    def importance(self) -> Floats:
        return self.coefficients

    def state(self) -> dict[str, Any]:
        names = ("coefficients", "intercept", "slope", "between", "within")
        return {name: getattr(self, name) for name in names}
