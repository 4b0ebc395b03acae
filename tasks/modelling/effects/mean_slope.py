"""Mean of patients' own slopes over their visits."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from features.core.kinds.compared import Compared
from features.core.wording import counted
from tasks.modelling.effects.effect import LEAST_EACH, Codes, Effect, Estimate, Floats, Sample, VariableKind

PERIOD_DAYS = 30.0
LEAST_PATIENTS = 5


class MeanSlope(Effect):
    """Mean change of the column per 30 days, in standard deviations of its values: each patient's own slope by least
    squares, then a t test of these slopes.

    term: days, whether they are 0 on average; variable, how much they differ by the variable: Welch's test between yes and no, or
    the line of the slopes on a number or ranks, per standard deviation. Each patient counts once, however many visits, and however
    much patients differ in how they change (Matthews et al., BMJ 1990;300:230). Those with visits on one day alone are left out.
    """

    kind: Literal["mean_slope"] = "mean_slope"
    title: ClassVar[str] = "Mean slope in SD"
    takes: ClassVar[frozenset[VariableKind]] = frozenset({"number", "ranks", "flag"})
    repeated: ClassVar[bool] = True
    compared: ClassVar[Compared] = Compared("scipy", "1e-12", "tasks/modelling/effects/test_mean_slope.py")

    term: Literal["days", "variable"] = Field(
        "days", description="what is told: the mean of the patients' slopes, or how they differ by the variable"
    )

    @property
    def word(self) -> str:
        return self.name or f"{self.kind}_{self.term}"

    @property
    def needs_variable(self) -> bool:
        return self.term == "variable"

    @property
    def needs_days(self) -> bool:
        return True

    def lacking(self, sample: Sample) -> str:
        first, _ = _slopes(sample)
        if len(first) < LEAST_PATIENTS:
            return f"{counted(len(first), 'patient')} with visits on different days; needed: {LEAST_PATIENTS}"
        if self.needs_variable and sample.y is not None:
            y = sample.y[first]
            if len(np.unique(y)) < 2:
                return "the variable has one value in all patients with visits on different days"
            if sample.kind == "flag" and (least := int(min((y > 0).sum(), (y == 0).sum()))) < LEAST_EACH:
                return f"the smallest class has {counted(least, 'patient')} with visits on different days; needed: {LEAST_EACH}"
        return ""

    def estimate(self, sample: Sample) -> Estimate:
        from scipy.stats import linregress, ttest_1samp, ttest_ind
        from scipy.stats import t as student

        first, slopes = _slopes(sample)
        slopes = slopes / sample.x.std(ddof=1)
        if not np.ptp(slopes) > 1e-12:
            return Estimate(float(slopes.mean()), reason="all patients change by the same: no interval")
        if not self.needs_variable:
            found = ttest_1samp(slopes, 0.0)
            ends = found.confidence_interval(0.95)
            spread = float(slopes.std(ddof=1) / len(slopes) ** 0.5)
            return _told(float(slopes.mean()), float(ends.low), float(ends.high), float(found.pvalue), spread)
        assert sample.y is not None
        y = sample.y[first]
        if sample.kind == "flag":
            yes, no = slopes[y > 0], slopes[y == 0]
            welch = ttest_ind(yes, no, equal_var=False)
            ends = welch.confidence_interval(0.95)
            spread = float(np.sqrt(yes.var(ddof=1) / len(yes) + no.var(ddof=1) / len(no)))
            return _told(float(yes.mean() - no.mean()), float(ends.low), float(ends.high), float(welch.pvalue), spread)
        line = linregress((y - y.mean()) / y.std(ddof=1), slopes)
        half = float(student.ppf(0.975, len(y) - 2)) * float(line.stderr)
        value = float(line.slope)
        return _told(value, value - half, value + half, float(line.pvalue), float(line.stderr))


def _told(value: float, low: float, high: float, p: float, spread: float) -> Estimate:
    return Estimate(value, low, high, p, value, spread)


def _slopes(sample: Sample) -> tuple[Codes, Floats]:
    """Of each patient with visits on different days, her first row, and how much the column changes per 30 days."""
    assert sample.visit_days is not None
    days = sample.visit_days / PERIOD_DAYS
    patients, first, codes = np.unique(sample.patients, return_index=True, return_inverse=True)
    size = np.bincount(codes, minlength=len(patients))
    centred = [one - (np.bincount(codes, one, len(patients)) / size)[codes] for one in (days, sample.x)]
    spread = np.bincount(codes, centred[0] ** 2, len(patients))
    there = spread > 1e-12
    slopes = np.bincount(codes, centred[0] * centred[1], len(patients))[there] / spread[there]
    return first[there].astype(np.intp), np.asarray(slopes, np.float64)
