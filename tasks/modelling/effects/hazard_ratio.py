"""Hazard ratio of Cox's regression per standard deviation."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from features.core.kinds.compared import Compared
from features.core.wording import counted
from tasks.modelling.correlation_interval import NORMAL
from tasks.modelling.effects.effect import LEAST_EVENTS, Adjusted, Estimate, Floats, Sample, VariableKind
from tasks.modelling.solvers.cox_newton import fit_cox


class HazardRatio(Adjusted):
    """Hazard ratio per standard deviation of the column, by Cox's regression (ties after Efron), with Wald's interval and p.

    Of competing risks the cause-specific hazard of the event of interest: the others count as censored.
    """

    kind: Literal["hazard_ratio"] = "hazard_ratio"
    title: ClassVar[str] = "Hazard ratio per SD"
    takes: ClassVar[frozenset[VariableKind]] = frozenset({"follow_up"})
    compared: ClassVar[Compared] = Compared(
        "lifelines, nki70", "1e-5", "tasks/modelling/effects/test_effects_of_others.py"
    )
    null: ClassVar[float] = 1.0
    ratio: ClassVar[bool] = True

    stratified_by: Literal["none", "centre", "cohort"] = Field(
        "none", description="cases are compared within it, each with a baseline hazard of its own"
    )

    @property
    def strata_by(self) -> Literal["", "centre", "cohort"]:
        return "" if self.stratified_by == "none" else self.stratified_by

    def lacking(self, sample: Sample) -> str:
        assert sample.y is not None
        events = int(np.count_nonzero(sample.y))
        return f"{counted(events, 'event')}; needed: {LEAST_EVENTS}" if events < LEAST_EVENTS else ""

    def estimate(self, sample: Sample) -> Estimate:
        from scipy.special import ndtr

        assert sample.y is not None
        assert sample.days is not None
        fixed = [_standard(one) for one in sample.adjusted.T if one.std() > 0]
        try:
            fitted = fit_cox(np.column_stack([_standard(sample.x), *fixed]), sample.days, sample.y > 0, sample.strata)
        except ArithmeticError as error:
            return Estimate(
                reason=f"Cox’s regression has no solution ({error}): the column may part cases with and without event"
            )
        log, variance = float(fitted.coefficients[0]), float(fitted.covariance[0, 0])
        if not variance > 0:
            return Estimate(reason="Cox’s regression tells nothing of the column beside what is held fixed")
        spread = math.sqrt(variance)
        low, high = (math.exp(log + side * NORMAL * spread) for side in (-1, 1))
        return Estimate(math.exp(log), low, high, float(2 * ndtr(-abs(log) / spread)), log, spread)


def _standard(x: Floats) -> Floats:
    return np.asarray((x - x.mean()) / x.std(ddof=1), np.float64)
