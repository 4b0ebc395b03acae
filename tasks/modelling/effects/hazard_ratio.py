"""Hazard ratio of Cox's regression per standard deviation."""

from __future__ import annotations

import math
import warnings
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter
from lifelines.exceptions import ConvergenceError
from pydantic import Field

from features.core.kinds.compared import Compared
from features.core.wording import counted
from tasks.modelling.correlation_interval import NORMAL
from tasks.modelling.effects.effect import LEAST_EVENTS, Adjusted, Estimate, Floats, Sample, VariableKind

MOST = 20.0  # of the logarithm of a ratio


class HazardRatio(Adjusted):
    """Hazard ratio per standard deviation of the column, by Cox's regression (lifelines, ties after Efron), with Wald's interval
    and p.

    Of competing risks the cause-specific hazard of the event of interest: the others count as censored.
    """

    kind: Literal["hazard_ratio"] = "hazard_ratio"
    title: ClassVar[str] = "Hazard ratio per SD"
    takes: ClassVar[frozenset[VariableKind]] = frozenset({"follow_up"})
    compared: ClassVar[Compared] = Compared(
        "lifelines, nki70", "1e-6", "tasks/modelling/effects/test_effects_of_others.py"
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
        assert sample.y is not None
        assert sample.days is not None
        columns = {"x": _standard(sample.x), "days": sample.days, "event": sample.y > 0}
        columns |= {f"adjusted_{i}": _standard(one) for i, one in enumerate(sample.adjusted.T) if one.std() > 0}
        frame = pd.DataFrame(columns)
        strata = None
        if self.strata_by and len(np.unique(sample.strata)) > 1:
            frame["stratum"], strata = sample.strata, ["stratum"]
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                fitted = CoxPHFitter().fit(frame, "days", "event", strata=strata)
        except (ConvergenceError, np.linalg.LinAlgError, ZeroDivisionError) as error:
            return Estimate(reason=f"Cox’s regression did not converge ({type(error).__name__})")
        log, spread = float(fitted.params_["x"]), float(fitted.standard_errors_["x"])
        if (
            not math.isfinite(log)
            or not spread > 0
            or abs(log) > MOST
            or any("converge" in str(one.message) for one in told)
        ):
            return Estimate(
                reason="Cox’s regression did not converge: the column may part cases with and without the event"
            )
        low, high = (math.exp(log + side * NORMAL * spread) for side in (-1, 1))
        return Estimate(math.exp(log), low, high, float(fitted.summary.loc["x", "p"]), log, spread)


def _standard(x: Floats) -> Floats:
    return np.asarray((x - x.mean()) / x.std(ddof=1), np.float64)
