"""One unit of an association study: one effect, one variable, some columns. A pure function, fit for a process pool."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.core.wording import counted
from tasks.modelling.association.result import Association, CentreEffect
from tasks.modelling.association.variable import Variable
from tasks.modelling.comparisons.heterogeneity import LEAST_CENTRES, heterogeneity
from tasks.modelling.effects.effect import Codes, Effect, Estimate, Floats, Sample

Strings = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Unit:
    """names, blocks: of the p columns of X, (n, p). variable: None where the effect is of days alone. adjusted: (n, k).
    patients, strata: (n,) codes. centres: (n,) names. visit_days: as in Design. itself: why a column is not tested, by name.
    """

    effect: Effect
    variable: Variable | None
    names: Sequence[str]
    blocks: Sequence[str]
    X: Floats
    adjusted: Floats
    patients: Codes
    strata: Codes
    centres: Strings
    visit_days: Floats | None
    least_cases: int
    itself: dict[str, str]


Measured = tuple[Association, tuple[CentreEffect, ...]]


def run_unit(unit: Unit) -> list[Measured]:
    """The association of each column, and what it is centre by centre. Numerical failures are rows with a reason."""
    with threadpool_limits(limits=1):
        return list(_measured(unit))


def _measured(unit: Unit) -> Iterator[Measured]:
    n, variable, effect = len(unit.patients), unit.variable, unit.effect
    known = np.ones(n, bool)
    if variable is not None:
        known &= np.isfinite(variable.y)
        known &= True if variable.days is None else np.isfinite(variable.days)
    if effect.needs_days and unit.visit_days is not None:
        known &= np.isfinite(unit.visit_days)
    fixed = np.isfinite(unit.adjusted).all(axis=1)
    for i, (name, block) in enumerate(zip(unit.names, unit.blocks, strict=True)):
        x = unit.X[:, i]
        there = np.isfinite(x)
        used = known & there & fixed
        sample = Sample(
            np.ldexp(
                x[used], -int(np.frexp(np.abs(x[used]).max(initial=0.0))[1])
            ),  # rounds nothing, and squares do not overflow
            None if variable is None else variable.y[used],
            None if variable is None else variable.kind,
            unit.patients[used],
            unit.adjusted[used],
            unit.strata[used],
            None if variable is None or variable.days is None else variable.days[used],
            None if unit.visit_days is None else unit.visit_days[used],
        )
        infinite = int(np.isinf(x).sum())
        refused = unit.itself.get(name, "") or (f"infinite in {counted(infinite, 'case')}" if infinite else "")
        found = Estimate(reason=refused) if refused else measure(effect, sample, unit.least_cases)
        by_centre = () if refused else tuple(_by_centre(unit, name, sample, unit.centres[used], whole=found))
        parts = [(one.link, one.spread) for one in by_centre if one.link is not None and one.spread]
        between = None
        if len(parts) >= LEAST_CENTRES:
            between = heterogeneity([link for link, _ in parts], [spread**2 for _, spread in parts])
        yield (
            Association(
                variable="" if variable is None else variable.word,
                effect=effect.word,
                block=block,
                column=name,
                value=found.value,
                low=found.low,
                high=found.high,
                p=found.p,
                p_corrected=None,
                discovery=False,
                cases=n,
                n=int(used.sum()),
                patients=len(np.unique(unit.patients[used])),
                events=int(sample.y.sum()) if sample.y is not None and sample.kind in ("flag", "follow_up") else None,
                without_variable=int((~known).sum()),
                without_column=int((known & ~there).sum()),
                without_adjusted=int((known & there & ~fixed).sum()),
                sd=float(x[used].std(ddof=1)) if used.sum() > 1 else None,
                centres=len(parts),
                i2=None if between is None else between.i2,
                i2_p=None if between is None else between.p,
                reason=found.reason,
            ),
            by_centre,
        )


def measure(effect: Effect, sample: Sample, least_cases: int) -> Estimate:
    """The effect, or why there is none: too few cases, a constant column, one class, or what the effect lacks."""
    if len(sample) < least_cases:
        return Estimate(reason=f"{counted(len(sample), 'case')}; needed: {least_cases}")
    if _is_constant(sample.x):
        return Estimate(reason=f"the column has one value in all {len(sample)} cases")
    if sample.y is not None and sample.kind != "follow_up" and _is_constant(sample.y):
        what = "class" if sample.kind in ("flag", "classes", "ranks") else "value"
        return Estimate(reason=f"the variable has one {what} in all {len(sample)} cases")
    if reason := effect.lacking(sample):
        return Estimate(reason=reason)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what they warn of is a reason here, or shows in the numbers
        found = effect.estimate(sample)
    numbers = [one for one in (found.value, found.p) if one is not None]
    if not np.isfinite(numbers).all():
        return Estimate(reason="no finite effect: the values lie too far apart for its arithmetic")
    return found


def _by_centre(unit: Unit, name: str, sample: Sample, centres: Strings, *, whole: Estimate) -> Iterator[CentreEffect]:
    """The effect in each centre; none where there is one, where all together have none, or where centres are not compared."""
    names = np.unique(centres)
    if len(names) < 2 or whole.link is None:
        return
    for centre in names.tolist():
        own = sample.take(centres == centre)
        found = measure(unit.effect, own, unit.least_cases)
        yield CentreEffect(
            "" if unit.variable is None else unit.variable.word,
            unit.effect.word,
            name,
            centre,
            found.value,
            found.low,
            found.high,
            found.p,
            len(own),
            found.reason,
            found.link,
            found.spread,
        )


def _is_constant(values: Floats) -> bool:
    return bool(np.ptp(values) <= 1e-14 * np.abs(values).max())
