"""Claims: what the study said beforehand that its scores would show, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from tasks.modelling.claims.claim import Judged
from tasks.modelling.evaluation.result import StudyResult
from tasks.reports.claim_row import ClaimRow
from tasks.reports.labels import metric_label
from tasks.reports.number_format import DASH, decimal, interval
from tasks.reports.plain_labels import capital, held_out_label, split_label
from tasks.reports.section import Findings, Section

RULE = (
    "A claim is supported where the whole 95 % interval of its estimate lies where the claim says, not supported where none of it "
    "does, and else undecided. Of two combinations the estimate is the difference of their scores on the same cases. Intervals "
    "are not corrected for the number of claims."
)


class Claims(Section):
    """A table of the claims with their estimates and verdicts."""

    kind: Literal["claims"] = "claims"
    order: ClassVar[int] = 28

    def applies(self, found: Findings) -> bool:
        return bool(found.result.claims)

    def content(self, found: Findings) -> Mapping[str, object]:
        return {"rows": claim_rows(found.result), "rule": RULE}


def claim_rows(result: StudyResult) -> tuple[ClaimRow, ...]:
    """A row for each claim, in the order of the study."""
    return tuple(_row(one) for one in result.claims)


def _row(one: Judged) -> ClaimRow:
    bounds = interval(one.low, one.high)
    split = held_out_label(one.split, one.cohort) if one.cohort else split_label(one.split)
    within = ", within centres" if one.within else ""
    return ClaimRow(
        one.claim,
        f"{one.first} against {one.second}" if one.second else one.first,
        f"{metric_label(one.metric)}, {split}{within}, n = {one.n}",
        DASH if one.value is None else decimal(one.value) + (f" ({bounds})" if bounds else ""),
        capital(one.verdict),
        one.reason,
    )
