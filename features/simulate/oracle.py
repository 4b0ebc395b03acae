"""What the planted truth is worth: the scores of somebody who knows it, measured on many drawn patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

PAIRS = 4_000_000
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome of a simulated cohort and the column that predicts it best.

    score: column of the truth, high where the outcome is (survival: where death comes early). columns: of the drawn patients:
    the flag, the level or value as a number, or days and event. parts: further truths that know less, name → column.
    """

    endpoint: str
    kind: Literal["binary", "ordinal", "continuous", "survival"]
    score: str
    columns: tuple[str, ...]
    parts: tuple[tuple[str, str], ...] = ()


def measure(people: pd.DataFrame, outcome: Outcome, rng: np.random.Generator) -> dict[str, object]:
    """The score of the truth and of its parts: AUC; the share of concordant pairs that differ; Harrell's C-index.

    Patients without the outcome are left out.
    """
    people = people.dropna(subset=list(outcome.columns))
    scores = {
        name: _score(people, outcome, column, rng) for name, column in (("oracle", outcome.score), *outcome.parts)
    }
    metric = {"binary": "auc", "survival": "c_index"}.get(outcome.kind, "concordance")
    mean = "rate" if outcome.kind in ("binary", "survival") else "mean"
    return {"metric": metric, **scores, mean: round(float(people[outcome.columns[-1]].mean()), 4)}


def _score(people: pd.DataFrame, outcome: Outcome, column: str, rng: np.random.Generator) -> float:
    score = people[column].to_numpy(np.float64)
    if outcome.kind == "binary":
        return auc(score, people[outcome.columns[0]].to_numpy(bool))
    first, second = rng.integers(0, len(people), (2, PAIRS // 4))
    if outcome.kind in ("ordinal", "continuous"):
        level = people[outcome.columns[0]].to_numpy(np.float64)
        return c_index(-score, level, np.ones(len(people), dtype=bool), first, second)
    days, event = (people[name].to_numpy() for name in outcome.columns)
    return c_index(score, days.astype(np.float64), event.astype(bool), first, second)


def auc(score: Floats, label: NDArray[np.bool_]) -> float:
    """Area under the ROC curve, ties count half."""
    ranks = rankdata(score)
    positives = int(label.sum())
    wins = float(ranks[label].sum()) - positives * (positives + 1) / 2
    return round(wins / (positives * (label.size - positives)), 4)


def c_index(
    risk: Floats,
    days: Floats,
    event: NDArray[np.bool_],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
) -> float:
    """Share of concordant pairs among those whose earlier time is an event; ties in risk count half."""
    comparable = event[first] & (days[first] < days[second])
    earlier, later = risk[first[comparable]], risk[second[comparable]]
    return round(float((earlier > later).mean() + 0.5 * (earlier == later).mean()), 4)
