"""recalibrate_final: a saved model, made right on average for a new centre, by cases of that centre."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from features.core.errors import FitError
from features.core.kinds.endpoint import Timed
from features.core.outcome import Outcome
from features.core.wording import counted
from tasks.modelling.decisions.probability import NO_LINE, fit_probability
from tasks.modelling.decisions.threshold import youden_threshold
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.fitted_table import FittedTable
from tasks.modelling.evaluation.recalibration import LEAST_EVENTS, Recalibration, Way
from tasks.modelling.fusion.fusion import Fitted
from tasks.modelling.fusion.weighing.shares import block_shares
from tasks.modelling.linear import Linear
from tasks.modelling.models.model import Model
from tasks.modelling.prediction import Incidence, Prediction
from tasks.modelling.recalibration import recalibrate
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.splits.split import grouped_folds
from tasks.modelling.target import Target

FOLDS = 5  # inside the cohort: no case tells how the model that predicts it is recalibrated
_STEPS, _ENOUGH, _FARTHEST = 100, 1e-12, 300.0
_ALIKE = 1e-6  # of log hazards, beside their size


@dataclass(frozen=True, eq=False)
class FittedMoved(Fitted):
    """A model of follow-up whose cumulative hazards are multiplied by exp(intercept + (slope − 1) · risk); its order stays."""

    fitted: Fitted
    intercept: float
    slope: float

    def predict(self, rows: Rows) -> Prediction:
        from features.core.portable import exp

        found = self.fitted.predict(rows)
        assert found.risk is not None
        assert found.incidence is not None
        moved = np.clip(self.intercept + (self.slope - 1.0) * found.risk, -_FARTHEST, _FARTHEST)
        with np.errstate(divide="ignore"):  # of an incidence of 1 the hazard is infinite, and stays so
            hazard = -np.log1p(-found.incidence.value) * exp(moved)[:, None, None]
        return replace(found, incidence=Incidence(found.incidence.days, 1.0 - exp(-hazard)))

    def linear(self, rows: Rows) -> Linear | str:
        return self.fitted.linear(rows)

    def state(self) -> dict[str, Any]:
        return {**self.fitted.state(), "moved_intercept": self.intercept, "moved_slope": self.slope}

    def remarks(self, rows: Rows) -> Counter[str]:
        return self.fitted.remarks(rows)


def recalibrate_final(final: Final, rows: Rows, outcome: Outcome, way: Way, cohort: str, of: str) -> Final:
    """The model with another intercept, intercept and slope, or weights, by cases of a cohort that did not train it.

    rows, outcome: of the cases whose outcome is known, n. of: digest of the model.

    Of yes or no: maximum likelihood of a logistic regression on the log odds that the model gives, with the slope 1, or a slope of
    its own. Cox, Biometrika 1958;45:562; Steyerberg et al., Stat Med 2004;23:2567. Of survival: of a Poisson regression of events,
    each case being expected to have as many as its cumulative hazard until its last day: the baseline hazard is multiplied, and log
    hazard ratios by the slope. Days after the last of the model's curves are not looked at. Crowson et al., Stat Methods
    Med Res 2016;25:1692. A refit learns the weights of the model anew, with the settings that were chosen, on what its steps make
    of the columns; threshold and probabilities are learnt on cases that models of inner folds predicted.

    Threshold and groups of risk stay but for a refit. Raises FitError for too few events, and where there is no such line.
    """
    check_recalibrable(final, way)
    events = _events(final, outcome, way)
    moved, intercept, slope = _moved(final, rows, outcome, way)
    return replace(
        moved,
        recalibration=Recalibration(
            way,
            cohort,
            len(rows),
            len(np.unique(rows.groups["patient"])),
            events,
            final.endpoint.counted(outcome),
            intercept,
            slope,
            of,
        ),
    )


def check_recalibrable(final: Final, way: Way) -> None:
    """Raises FitError where a model cannot be recalibrated in a way, whatever the cases."""
    endpoint = final.endpoint
    if endpoint.predicted != "risk" or (isinstance(endpoint, Timed) and endpoint.competes):
        raise FitError(
            f"models of yes or no and of survival can be recalibrated; this one predicts {endpoint.title.lower()}"
        )
    if final.recalibration is not None:
        raise FitError(
            f"this model was recalibrated on {final.recalibration.cohort} already: recalibrate the model that it was made of"
        )
    if way == "refit":
        if final.of_images:
            raise FitError("it learns from images and has no weights of columns to fit anew; allowed: intercept, slope")
        if not isinstance(final.fitted, FittedTable):
            raise FitError(
                "blocks have models of their own: their weights cannot be fitted anew together; allowed: intercept, slope"
            )
        if not isinstance(final.candidate.model, Model) or final.candidate.model.members(endpoint.kind):
            raise FitError(f"{final.candidate.model.kind} is made of other models; allowed: intercept, slope")
    elif not isinstance(endpoint, Timed) and not final.line[1] > 0:
        raise FitError("its probabilities are not known, or the same for all cases: no line moves them; allowed: refit")


def cross_fitted(final: Final, rows: Rows, outcome: Outcome, way: Way, seed: int) -> list[tuple[Final, Any]]:
    """A recalibrated model for each of five folds of the cases, and the positions of its test cases, of which it knows nothing.

    Patients stay together. Raises FitError where a fold cannot be recalibrated.
    """
    groups = rows.groups
    folds = grouped_folds(final.endpoint, outcome, groups["patient"], FOLDS, seed, groups["centre"])
    return [(_moved(final, rows.take(train), outcome.take(train), way)[0], test) for train, test in folds]


def _events(final: Final, outcome: Outcome, way: Way) -> int:
    """How many events there are. Raises FitError where these are too few."""
    least = LEAST_EVENTS[way]
    events = int(outcome.flag.sum())
    few = events if isinstance(final.endpoint, Timed) else min(events, len(outcome) - events)
    if few < least:
        of = "events" if isinstance(final.endpoint, Timed) else "cases of each of yes and no"
        smaller = ", ".join(one for one, needed in LEAST_EVENTS.items() if needed <= few)
        found = f"{counted(len(outcome), 'case')}, {final.endpoint.counted(outcome)}"
        hint = f"; allowed: {smaller}" if smaller else ""
        raise FitError(f"{found}: too few to recalibrate by {way}; needed: {least} {of}{hint}")
    return events


def _moved(final: Final, rows: Rows, outcome: Outcome, way: Way) -> tuple[Final, float, float]:
    """The model as these cases change it, with the intercept and the slope."""
    if way == "refit":
        return _refitted(final, rows, outcome), float("nan"), float("nan")
    prediction = final.predict(rows)
    assert prediction.risk is not None
    if not isinstance(final.endpoint, Timed):
        a, b = final.line
        line = recalibrate(
            outcome.flag.astype(np.float64), a + b * prediction.risk, slope=way == "slope", logistic=True
        )
        if line.reason:
            raise FitError(f"no line was found: {line.reason}")
        intercept, slope = (line.beside, line.value) if way == "slope" else (line.value, 1.0)
        _check_slope(slope)
        return replace(final, line=(intercept + slope * a, slope * b)), intercept, slope
    intercept, slope = _hazard_line(prediction, outcome, slope=way == "slope")
    _check_slope(slope)
    return replace(final, fitted=FittedMoved(final.fitted, intercept, slope)), intercept, slope


def _check_slope(slope: float) -> None:
    if not slope > 0:
        raise FitError(
            f"the slope is {slope:.3f}: the model orders these cases the wrong way round, or not at all; allowed: intercept, refit"
        )


def expected_events(prediction: Prediction, outcome: Outcome) -> tuple[Floats, Floats]:
    """How many events each case is expected to have until its last day, and how many it had, (n,) each.

    Who is followed beyond the last day of the curves is followed until that day.
    """
    curves = prediction.incidence
    if curves is None or not len(curves.days):
        raise FitError("the model gives no curves of survival that could be moved; allowed: refit")
    assert outcome.days is not None
    last = float(curves.days[-1])
    place = np.searchsorted(curves.days, np.minimum(outcome.days, last), side="right") - 1
    incidence = np.where(place >= 0, curves.value[np.arange(len(place)), 0, np.maximum(place, 0)], 0.0)
    if sure := int((incidence >= 1).sum()):
        are = "case is" if sure == 1 else "cases are"
        raise FitError(
            f"{sure} of {len(incidence)} {are} predicted to have an incidence of exactly 1, which no line can move"
        )
    return -np.log1p(-incidence), np.asarray(outcome.flag & (outcome.days <= last), np.float64)


def _hazard_line(prediction: Prediction, outcome: Outcome, *, slope: bool) -> tuple[float, float]:
    """Intercept and slope of the log cumulative hazard over the risk, by Newton's method; the likelihood is concave."""
    expected, seen = expected_events(prediction, outcome)
    if not (seen.sum() > 0 and expected.sum() > 0):
        raise FitError("no event was seen, or none is expected, until the last day of the model's curves")
    intercept = float(np.log(seen.sum() / expected.sum()))
    if not slope:
        return intercept, 1.0
    risk = prediction.risk
    assert risk is not None
    _check_proportional(prediction)
    middle, spread = float(risk.mean()), float(risk.std())
    if not spread > 1e-9 * max(1.0, abs(middle)):
        raise FitError("all predictions are equal: there is no slope; allowed: intercept")
    x = (risk - middle) / spread
    X, beta = np.column_stack([np.ones(len(x)), x]), np.array([intercept, 0.0])
    for _ in range(_STEPS):
        mean = expected * np.exp(np.clip((X * beta).sum(axis=1), -_FARTHEST, _FARTHEST))
        H = (X[:, :, None] * X[:, None, :] * mean[:, None, None]).sum(axis=0)
        step = np.linalg.solve(H, (X * (seen - mean)[:, None]).sum(axis=0))
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < _ENOUGH * max(1.0, float(np.abs(beta).max())):
            more = float(beta[1]) / spread
            return float(beta[0]) - more * middle, 1.0 + more
    raise FitError("no line was found: the predictions separate who had an event")


def _check_proportional(prediction: Prediction) -> None:
    """Raises FitError unless each case has the hazard of the risk 0 times exp(risk), on all days: then a slope has a meaning."""
    curves, risk = prediction.incidence, prediction.risk
    assert curves is not None
    assert risk is not None
    value = curves.value[:, 0]
    usable = (value > 1e-9) & (value < 1 - 1e-6)
    with np.errstate(divide="ignore", invalid="ignore"):
        base = np.where(usable, np.log(-np.log1p(-value)) - risk[:, None], np.nan)
    known = usable.sum(axis=0) > 1
    if known.any():
        size = max(1.0, float(np.abs(risk).max()))
        spread = np.nanmax(base[:, known], axis=0) - np.nanmin(base[:, known], axis=0)
        if float(spread.max()) > _ALIKE * size:
            raise FitError(
                "its risk is no log hazard ratio of proportional hazards, so that it has no slope; allowed: intercept, refit"
            )


def _refitted(final: Final, rows: Rows, outcome: Outcome) -> Final:
    """The model's weights fitted anew on what its steps make of the columns; threshold and probabilities by inner folds."""
    fitted = final.fitted
    assert isinstance(fitted, FittedTable)
    prepared = fitted.apply(final.needed(rows))
    model = _chosen_model(final)
    new = model.fit(prepared, Target(outcome, final.endpoint), 0)
    folds = grouped_folds(final.endpoint, outcome, rows.groups["patient"], FOLDS, 0, rows.groups["centre"])
    risk = np.zeros(len(rows))
    for train, test in folds:
        inner = model.fit(prepared.take(train), Target(outcome.take(train), final.endpoint), 0)
        told = inner.predict(prepared.take(test)).risk
        assert told is not None
        risk[test] = told
    is_timed = isinstance(final.endpoint, Timed)
    weights = new.importance()
    names = prepared.columns
    return replace(
        final,
        fitted=FittedTable(fitted.chains, new),
        cut=float(np.median(risk)) if is_timed else youden_threshold(outcome.flag, risk),
        line=NO_LINE if is_timed else fit_probability(outcome.flag, risk),
        selected={str(n): float(w) for n, w in zip(names.names, weights, strict=True) if w != 0},
        shares=block_shares(names, weights),
    )


def _chosen_model(final: Final) -> Model:
    """The model with the settings that were chosen, however the list of these names them."""
    model, chosen = final.candidate.model, final.chosen
    own = {
        name: [value for key, value in chosen.items() if key == name or key.startswith(f"{model.kind}.{name}")]
        for name in model.tuned
    }
    for variant in model.variants():
        if all(value in own[name] for name, value in variant.chosen().items()):
            return variant
    raise FitError(f"{model.kind}: which of its settings were chosen is not known")
