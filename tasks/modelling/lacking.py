"""Why predictions lack what a metric needs, in words for the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tasks.modelling.scored import Scored

# risk: an order of the cases. probability: one of each class, rank or label, as the model gives them. value: a number, or a rank.
# decision: the class that a case is held to be of. chance: the probability of each class, of yes or no by the line that was learnt.
# groups: of high and low risk, by the cut of the fold. incidence: curves over follow-up.
Need = Literal["risk", "probability", "value", "decision", "chance", "groups", "incidence"]

GROUPS_OF_DRAWS = "it is a contrast of two groups, and no mean over cases or pairs that draws and all cases could share"
UNLEARNT = (
    "learned no threshold and no probabilities: inner folds predicted none of the training cases, which takes a candidate with "
    "several settings or blocks, or `thresholds: always` in the study, and two cases of either class in each inner fold"
)


def lacking(need: Need, folds: Sequence[Scored]) -> str:
    """Why these predictions cannot be judged by a metric of this need; "" where they can."""
    predicted = folds[0].endpoint.predicted
    if need in ("decision", "chance") and predicted == "risk":
        without = sum(bool(np.isnan(fold.cut if need == "decision" else fold.line[1])) for fold in folds)
        return f"{without} of {len(folds)} folds {UNLEARNT}" if without else ""
    if need == "groups":
        without = sum(bool(np.isnan(fold.cut)) for fold in folds)
        told = "no case of the training fold could be predicted out of fold, so that groups have no cut"
        return f"{told}, in {without} of {len(folds)} folds" if without else ""
    if need in ("value", "chance") and predicted == "value":
        return _without("value", "gives no number", folds)
    if need == "value" and predicted != "ranks":
        return _without("value", "gives no number", folds)
    if need in ("risk", "incidence"):
        return _without(need, "gives no order of cases" if need == "risk" else "gives no curves over follow-up", folds)
    return _without("probability", "gives no probabilities", folds)


def _without(name: str, what: str, folds: Sequence[Scored]) -> str:
    there = all(getattr(fold.prediction, name, None) is not None for fold in folds)
    return "" if there else f"the model {what}"
