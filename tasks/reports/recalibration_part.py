"""The part of a card on a recalibration: scores and calibration curves of the same cases, before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.figure import Figure

from features.core.kinds.endpoint import Timed
from features.core.outcome import Outcome
from tasks.modelling.curves.calibration import CalibrationCurve, calibration_curve
from tasks.modelling.curves.calibration_by_day import CalibrationByDay, calibration_by_day
from tasks.modelling.evaluation.recalibration import Recalibration
from tasks.modelling.intervals.estimate import Estimate
from tasks.modelling.scored import Scored
from tasks.reports.figures import COLOURS, MUTED, Plot, draw, grid
from tasks.reports.labels import metric_label
from tasks.reports.model_card import CardPart
from tasks.reports.number_format import DASH, decimal, interval

Pair = tuple[str, Estimate, Estimate]


def recalibration_part(
    what: Recalibration, pairs: Sequence[Pair], before: Sequence[Scored], after: Sequence[Scored], folds: int
) -> CardPart:
    """pairs: a metric with its estimates before and after. before, after: the test folds that they are of."""
    sentences = (
        what.said,
        f"Both are of the same {what.n} cases, by the {folds} folds of a cross-validation inside {what.cohort}: after means that "
        "each case was predicted by a model that was recalibrated on the cases of the other folds alone.",
        "Values after have no intervals: none holds for a single cross-validation.",
        "The model itself was recalibrated on all of them: its scores on this cohort would say nothing of others.",
        *_ratios(before, after),
    )
    rows = tuple(
        (metric_label(kind), _value(one), interval(one.low, one.high) or DASH, _value(other), _why(one, other))
        for kind, one, other in pairs
    )
    heads = ("score", "before", "95 % interval", "after", "note")
    return CardPart("Recalibration", sentences, heads, rows, (_plot(what, before, after),))


def _ratios(before: Sequence[Scored], after: Sequence[Scored]) -> Iterator[str]:
    """Observed over expected of yes or no; of follow-up it is among the metrics."""
    if not isinstance(before[0].endpoint, Timed):
        seen = sum(float(fold.seen.sum()) for fold in before)
        one, other = (seen / sum(float(fold.chances.sum()) for fold in side) for side in (before, after))
        yield f"Observed / expected: {decimal(one, 3)} before, {decimal(other, 3)} after; 1 is right."


def _value(one: Estimate) -> str:
    return DASH if one.value is None else decimal(one.value, 3)


def _why(one: Estimate, other: Estimate) -> str:
    """Why there is no value."""
    reasons = (side.reason for side in (one, other) if side.value is None)
    return "; ".join(dict.fromkeys(reasons)) or DASH


def _plot(what: Recalibration, before: Sequence[Scored], after: Sequence[Scored]) -> Plot:
    day = before[0].horizon if isinstance(before[0].endpoint, Timed) else float("nan")

    def paint(figure: Figure) -> None:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, title, side in zip(panels, ("Before", "After"), (before, after), strict=True):
            curve = _curve(side, day)
            axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
            axes.vlines(curve.predicted, curve.low, curve.high, color=COLOURS[0], linewidth=1.2)
            axes.plot(
                curve.predicted, curve.seen, color=COLOURS[0], marker="o", markersize=5.5, markeredgecolor="white"
            )
            axes.set_xlim(0, 1)
            axes.set_ylim(0, 1.02)
            axes.set_title(title, loc="left")
            axes.set_xlabel("Predicted probability" if np.isnan(day) else f"Predicted incidence by day {day:g}")
            grid(axes, "both")
        panels[0].set_ylabel("Share with the event")

    title = f"Calibration on {what.cohort}, before and after"
    caption = (
        f"{title} recalibration ({what.way}). Each dot is a group of cases of like prediction, with the 95 % interval of the share "
        "that had the event; on the dashed line predictions are right."
    )
    return Plot(
        "figure-recalibration", title, caption, draw("figure-recalibration", title, (8.6, 3.9), paint), wide=True
    )


def _curve(side: Sequence[Scored], day: float) -> CalibrationCurve | CalibrationByDay:
    if np.isnan(day):
        label = np.concatenate([fold.seen[:, 0] > 0 for fold in side])
        return calibration_curve(label, np.concatenate([fold.chances[:, 0] for fold in side]))
    outcome = Outcome.concat([fold.outcome for fold in side])
    return calibration_by_day(outcome, np.concatenate([fold.incidence(np.array([day]))[:, 0] for fold in side]), day)
