"""Linear mixed-effects model of repeated visits, column by column."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from features.core.kinds.compared import Compared
from features.core.wording import counted
from tasks.modelling.effects.effect import Adjusted, Codes, Estimate, Floats, Sample, VariableKind
from tasks.modelling.solvers.random_intercept import fit_random_intercept

PERIOD_DAYS = 30.0
LEAST_PATIENTS = 5


class MixedEffects(Adjusted):
    """Change of the column over a patient's visits, in standard deviations of its values: a linear model with a random
    intercept of each patient, by restricted maximum likelihood.

    term: days, the change per 30 days; variable, the difference of the column between the classes, or per standard deviation
    of a number, at all visits; interaction, how much the change per 30 days differs by it. A patient of ten visits does not
    count as ten: p and interval are of a t distribution with the degrees of freedom of visits within patients, or of patients
    (containment, Pinheiro & Bates 2000, 2.4.2). Patients share one slope: where they change each in their own way, p of days
    and interaction is too small; mean_slope holds there.
    """

    kind: Literal["mixed_effects"] = "mixed_effects"
    title: ClassVar[str] = "Change in SD"
    takes: ClassVar[frozenset[VariableKind]] = frozenset({"number", "ranks", "flag"})
    compared: ClassVar[Compared] = Compared(
        "statsmodels, growth curves (Potthoff and Roy)", "2e-6", "tasks/modelling/effects/test_effects_of_others.py"
    )
    repeated: ClassVar[bool] = True

    term: Literal["days", "variable", "interaction"] = Field(
        "days", description="what is told: the change per 30 days, the difference by the variable, or their interaction"
    )

    @property
    def word(self) -> str:
        return self.name or f"{self.kind}_{self.term}"

    @property
    def needs_variable(self) -> bool:
        return self.term != "days"

    @property
    def needs_days(self) -> bool:
        return self.term != "variable"

    def lacking(self, sample: Sample) -> str:
        patients = len(np.unique(sample.patients))
        if patients < LEAST_PATIENTS:
            return f"{counted(patients, 'patient')}; needed: {LEAST_PATIENTS}"
        if self.needs_days and not _varies_within(np.asarray(sample.visit_days), sample.patients):
            return "no patient has visits at different days"
        if sample.kind == "flag" and sample.y is not None:
            each = [len(np.unique(sample.patients[sample.y == one])) for one in np.unique(sample.y)]
            if min(each) < 2:
                return f"the smallest class has {counted(min(each), 'patient')}; needed: 2"
        return ""

    def estimate(self, sample: Sample) -> Estimate:
        from scipy.stats import t as student

        n = len(sample)
        terms: list[Floats] = [np.ones(n)]
        days = None if sample.visit_days is None else sample.visit_days / PERIOD_DAYS
        if days is not None:
            terms.append(days)
        if self.needs_variable:
            assert sample.y is not None
            y = sample.y if sample.kind == "flag" else (sample.y - sample.y.mean()) / sample.y.std(ddof=1)
            terms.append(y)
            if self.term == "interaction":
                assert days is not None
                terms.append(y * days)
        asked = 1 if self.term == "days" else len(terms) - 1
        terms += [(one - one.mean()) / one.std() for one in sample.adjusted.T if one.std() > 0]
        codes = np.unique(sample.patients, return_inverse=True)[1].astype(np.intp)
        A, z = np.column_stack(terms), (sample.x - sample.x.mean()) / sample.x.std(ddof=1)
        try:
            found = fit_random_intercept(A, z, codes)
        except (ValueError, ArithmeticError) as error:
            return Estimate(reason=str(error))
        free = _freedom(A, codes, asked)
        if free < 1:
            return Estimate(reason=f"{n} rows of {codes.max() + 1} patients leave no degree of freedom for it")
        value, spread = float(found.coefficients[asked]), float(np.sqrt(found.covariance[asked, asked]))
        if not spread > 0:
            return Estimate(value, reason="the model leaves no variance: no interval")
        half = float(student.ppf(0.975, free)) * spread
        return Estimate(
            value, value - half, value + half, float(2 * student.sf(abs(value) / spread, free)), value, spread
        )


def _freedom(A: Floats, patients: Codes, asked: int) -> int:
    """Of the t test of a column: rows less patients less columns that vary within them, or patients less columns that do not."""
    within = np.array([_varies_within(column, patients) for column in A.T])
    groups = int(patients.max()) + 1
    return len(A) - groups - int(within.sum()) if within[asked] else groups - int((~within).sum())


def _varies_within(values: Floats, patients: Codes) -> bool:
    """Whether any patient has two values."""
    order = np.lexsort((values, patients))
    own, same = values[order], np.diff(patients[order]) == 0
    return bool((same & (np.abs(np.diff(own)) > 0)).any())
