"""The part of a page on the groups that a saved model's threshold makes of a cohort."""

from __future__ import annotations

from features.core.kinds.endpoint import Timed
from features.results.scored import SCORED
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.score_final import Told
from tasks.reports.model_card import CardPart
from tasks.reports.number_format import decimal


def risk_groups_part(final: Final, told: Told) -> CardPart:
    """How many cases are above and below the threshold that training cases taught, and how many of them had the event."""
    title = "Groups of risk"
    if final.cut != final.cut:
        return CardPart(
            title,
            ("The model has no threshold: too few events of the training cases for inner folds, or another endpoint.",),
        )
    table = told.predictions[told.predictions["state"] == SCORED]
    high = table["risk"] > final.cut
    rows = tuple(
        (
            name,
            str(int(own.sum())),
            str(int(table["event"][own].notna().sum())),
            str(int(table["event"][own].eq(True).sum())),
        )
        for name, own in (("high", high), ("low", ~high))
    )
    judged = (
        "their hazard ratio is among the scores"
        if isinstance(final.endpoint, Timed)
        else "sensitivity and specificity are of it"
    )
    learnt = "training cases"
    if final.recalibration is not None and final.recalibration.way == "refit":
        learnt = f"cases of {final.recalibration.cohort}"
    sentence = f"A risk above {decimal(final.cut, 4)} is high, as {learnt} taught; nothing of this cohort moved it, and {judged}."
    return CardPart(title, (sentence,), ("risk", "cases", "outcome known", "events"), rows)
