"""score_final: what a saved model says of cases, and how well that was, where their outcomes are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.design import Design
from features.core.kinds.endpoint import Timed
from features.core.outcome import Outcome
from features.results.scored import SCORED
from tasks.modelling.decisions.probability import probability_of
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.inputs import inputs_of
from tasks.modelling.evaluation.predictions import YES
from tasks.modelling.evaluation.result import Score
from tasks.modelling.metrics.metric import Metric, all_metrics_of
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Rows
from tasks.modelling.scored import Scored

NO_VALUE = "no value in any column of the model"
NO_CLASS = "of a class that trained nothing"


@dataclass(frozen=True, eq=False)
class Told:
    """predictions: a row for each case and each patient without one, `state` SCORED or the reason. probabilities: a row for each
    case and class, rank or label. scores: of the cases with an outcome; of_centres: of those of each centre, where there are
    several. evaluated: how many; unseen: reason → cases with an outcome that were not. day: that incidences are of, NaN where
    there are none.
    """

    predictions: pd.DataFrame
    probabilities: pd.DataFrame
    scores: tuple[Score, ...]
    of_centres: tuple[Score, ...]
    evaluated: int
    unseen: Counter[str]
    remarks: Counter[str]
    day: float


def score_final(
    final: Final,
    design: Design,
    absent: dict[str, str],
    known: NDArray[np.intp],
    outcome: Outcome | None,
    *,
    complete: bool = False,
    predict: Callable[[Rows], Prediction] | None = None,
) -> Told:
    """Predictions of all rows of a design that have any value in the columns of a model, and their scores.

    absent: patient → reason, of those who have no row. known: (m,) positions of the rows whose outcome was seen; outcome: theirs.
    complete: whether a case without any value of one of the blocks has no prediction either, as in a study that excludes these;
    else it is imputed, which is a remark. predict: who predicts rows; None: the model, here. Cases of a class that trained
    nothing are predicted and not scored. Raises what `Final.predict` raises.
    """
    rows = Rows.of(design)
    states = states_of(final, rows, complete)
    there = np.flatnonzero(states == SCORED)
    part = rows.take(there)
    prediction = (predict or final.predict)(part) if len(there) else Prediction(risk=np.empty(0))
    remarks = final.remarks_on(part) + _lacking(final, part) if len(there) else Counter[str]()
    scored, unseen = None, Counter[str]()
    if outcome is not None and len(there):
        scored, unseen = _scored(final, design, there, prediction, known, outcome)
    day = _day(final, there, prediction)
    predictions = _predictions(final, design, states, absent, prediction, day, known, outcome)
    given = dict(zip(design.X.index.tolist(), inputs_of(final, rows), strict=True))
    predictions["inputs"] = [given.get(case) for case in predictions["case"]]
    predictions["evaluated"] = np.isin(np.arange(len(predictions)), () if scored is None else scored.rows)
    return Told(
        predictions=predictions,
        probabilities=_probabilities(final, design, there, prediction),
        scores=_scores(final, design, scored) if scored is not None else (),
        of_centres=_of_centres(final, design, scored) if scored is not None else (),
        evaluated=0 if scored is None else len(scored.rows),
        unseen=unseen,
        remarks=remarks,
        day=day,
    )


def states_of(final: Final, rows: Rows, complete: bool) -> NDArray[np.object_]:
    """SCORED, or why a row has no prediction, (n,)."""
    needed = final.needed(rows)
    found = np.full(len(rows), SCORED, dtype=object)
    for block, lacks in _without_block(needed) if complete else ():
        found[lacks] = f"no value of the block {block}"
    if not final.of_images:  # images are values of every row that is there
        found[np.isnan(needed.X).all(axis=1)] = NO_VALUE
    return found


def _lacking(final: Final, rows: Rows) -> Counter[str]:
    found = {
        f"cases have no value of the block {block}, which was imputed": int(lacks.sum())
        for block, lacks in _without_block(final.needed(rows))
    }
    return +Counter(found)


def _without_block(rows: Rows) -> list[tuple[str, NDArray[np.bool_]]]:
    """Block → which rows have no value in it, (n,)."""
    blocks = dict.fromkeys(rows.columns.blocks.tolist())
    lacks = ((block, np.isnan(rows.X[:, rows.columns.blocks == block]).all(axis=1)) for block in blocks)
    return [(block, np.asarray(own, np.bool_)) for block, own in lacks]


def _scored(
    final: Final,
    design: Design,
    there: NDArray[np.intp],
    prediction: Prediction,
    known: NDArray[np.intp],
    outcome: Outcome,
) -> tuple[Scored | None, Counter[str]]:
    """The rows with a prediction and an outcome of a class that trained, and how many of the others there are, by reason."""
    place = {int(row): i for i, row in enumerate(there)}
    is_new = final.endpoint.unseen(outcome, final.seen)
    reasons = Counter(NO_VALUE for row in known.tolist() if row not in place)
    own = [i for i, row in enumerate(known.tolist()) if row in place and not is_new[i]]
    reasons += Counter({NO_CLASS: sum(1 for i, row in enumerate(known.tolist()) if row in place and is_new[i])})
    if not own:
        return None, reasons
    kept = np.array(own, np.intp)
    rows = known[kept]
    return (
        Scored(
            rows,
            outcome.take(kept),
            prediction.take(np.array([place[int(row)] for row in rows], np.intp)),
            final.seen,
            final.endpoint,
            design.centres[rows],
            0,
            final.cut,
            final.line,
        ),
        reasons,
    )


def _scores(final: Final, design: Design, scored: Scored) -> tuple[Score, ...]:
    """By every metric of the endpoint; where there are several centres once more within them, of metrics that compare cases."""
    several = len(np.unique(scored.centres)) > 1
    return tuple(
        _score(final, design, scored, metric, within=within)
        for metric in all_metrics_of(final.endpoint)
        for within in (("", "centre") if several and metric.compares else ("",))
    )


def _of_centres(final: Final, design: Design, scored: Scored) -> tuple[Score, ...]:
    """Of each centre by itself, under the name of the catalog; none where there is one."""
    named = design.cohort_table["centre"].to_numpy(dtype=object)[scored.rows]
    centres = sorted(set(named.tolist()))
    parts = {centre: _part(scored, np.flatnonzero(named == centre)) for centre in centres if len(centres) > 1}
    return tuple(
        _score(final, design, part, metric, centre=centre)
        for centre, part in parts.items()
        for metric in all_metrics_of(final.endpoint)
    )


def _part(scored: Scored, rows: NDArray[np.intp]) -> Scored:
    """These rows alone."""
    return replace(
        scored,
        rows=scored.rows[rows],
        outcome=scored.outcome.take(rows),
        prediction=scored.prediction.take(rows),
        centres=scored.centres[rows],
    )


def _score(
    final: Final, design: Design, scored: Scored, metric: Metric, *, within: str = "", centre: str = ""
) -> Score:
    one = metric.estimate([scored], design.groups, "fixed", within=within == "centre")
    return Score(
        split=SCORED,
        blocks=final.blocks,
        model=final.model,
        metric=metric.kind,
        centre=centre,
        value=one.value,
        low=one.low,
        high=one.high,
        n=len(scored.rows),
        events=int(final.endpoint.needed(scored.outcome)[0].sum()) if final.endpoint.has_events else None,
        columns=len(final.columns),
        settings=final.settings,
        warnings=0,
        reason=one.reason,
        cohort=str(design.cohorts[0]),
        within=within,
        interval_of=one.interval_of,
        lowest=one.lowest,
        highest=one.highest,
    )


def _day(final: Final, there: NDArray[np.intp], prediction: Prediction) -> float:
    if prediction.incidence is None or not isinstance(final.endpoint, Timed):
        return float("nan")
    return Scored(there, final.seen, prediction, final.seen, final.endpoint).horizon if len(there) else float("nan")


def _predictions(
    final: Final,
    design: Design,
    states: NDArray[np.object_],
    absent: dict[str, str],
    prediction: Prediction,
    day: float,
    known: NDArray[np.intp],
    outcome: Outcome | None,
) -> pd.DataFrame:
    n, there = len(design.X), np.flatnonzero(states == SCORED)
    table = pd.DataFrame(
        {
            "case": design.X.index.to_numpy(dtype=object),
            "cohort": design.cohorts,
            "centre": design.cohort_table["centre"].to_numpy(dtype=object),
            "patient": design.cohort_table["patient"].to_numpy(dtype=object),
            "state": states,
        }
    )

    def spread(values: Any) -> NDArray[np.float64]:
        found = np.full(n, np.nan)
        found[there] = np.nan if values is None else values
        return found

    risk = prediction.risk
    table["risk"] = spread(risk)
    likely = risk is not None and final.endpoint.predicted == "risk" and not np.isnan(final.line[1])
    table["probability"] = spread(probability_of(final.line, risk) if likely and risk is not None else None)
    curves = prediction.incidence
    table["incidence"] = spread(None if curves is None or np.isnan(day) else curves.at(np.array([day]))[:, 0, 0])
    table["day"] = np.where(table["incidence"].notna(), day, np.nan)
    table["value"] = spread(prediction.value)
    high = np.full(n, None, dtype=object)
    if risk is not None and not np.isnan(final.cut):
        high[there] = risk > final.cut
    table["high_risk"] = high
    _add_seen(table, final, known, outcome)
    gone = [
        {"case": f"{design.cohorts[0]}:{patient}", "cohort": design.cohorts[0], "patient": patient, "state": reason}
        for patient, reason in sorted(absent.items())
    ]
    return pd.DataFrame([*table.to_dict("records"), *gone], columns=table.columns)


def _add_seen(table: pd.DataFrame, final: Final, known: NDArray[np.intp], outcome: Outcome | None) -> None:
    """What was seen of the cases, missing where nothing was."""
    event, level = np.full(len(table), None, dtype=object), np.full(len(table), None, dtype=object)
    time, value = np.full(len(table), np.nan), np.full(len(table), np.nan)
    if outcome is not None:
        if final.endpoint.has_events:
            event[known] = final.endpoint.needed(outcome)[0]
        if outcome.days is not None:
            time[known] = outcome.days
        if outcome.value is not None:
            value[known] = outcome.value
        if outcome.code.ndim > 1:
            level[known] = [
                " + ".join(name for name, is_there in zip(outcome.levels, row, strict=True) if is_there)
                for row in outcome.code
            ]
        elif outcome.levels:
            level[known] = np.array(outcome.levels, dtype=object)[outcome.code]
    table["event"], table["time"], table["level"], table["seen_value"] = event, time, level, value


def _probabilities(final: Final, design: Design, there: NDArray[np.intp], prediction: Prediction) -> pd.DataFrame:
    """Of each class, rank or label; of yes or no that of yes, where the model learnt it."""
    cases = design.X.index.to_numpy(dtype=object)[there]
    names, probability = np.array(final.levels, dtype=object), prediction.probability
    is_line = prediction.risk is not None and final.endpoint.predicted == "risk" and not np.isnan(final.line[1])
    if is_line and prediction.risk is not None:
        names, probability = np.array([YES], dtype=object), probability_of(final.line, prediction.risk)[:, None]
    if probability is None:
        return pd.DataFrame({"case": [], "level": [], "probability": []})
    return pd.DataFrame(
        {
            "case": np.repeat(cases, len(names)),
            "level": np.tile(names, len(cases)),
            "probability": np.asarray(probability).ravel(),
        }
    )
