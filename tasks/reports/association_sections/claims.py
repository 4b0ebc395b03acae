"""Claims: what the study said beforehand that its tests would show, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from tasks.modelling.claims.claim import Judged
from tasks.reports.association_section import AssociationFindings, AssociationSection
from tasks.reports.claim_row import ClaimRow
from tasks.reports.number_format import DASH, decimal, interval
from tasks.reports.plain_labels import capital

RULE = (
    "A claim is supported where an association that it is about lies on the side that is claimed, with a p that is a discovery "
    "after the correction for all tests of the study; not supported where the 95 % intervals of all lie on the other side; and "
    "else undecided."
)


class Claims(AssociationSection):
    """A table of the claims with their estimates and verdicts."""

    kind: Literal["claims"] = "claims"
    order: ClassVar[int] = 28
    is_shared: ClassVar[bool] = True

    def applies(self, found: AssociationFindings) -> bool:
        return bool(found.result.claims)

    def content(self, found: AssociationFindings) -> Mapping[str, object]:
        return {"rows": tuple(_row(found, one) for one in found.result.claims), "rule": RULE}


def _row(found: AssociationFindings, one: Judged) -> ClaimRow:
    bounds = interval(one.low, one.high)
    estimate = DASH if one.value is None else decimal(one.value) + (f" ({bounds})" if bounds else "")
    what = f"{one.first} and {found.variable(one.second)}" if one.second else one.first
    where = f"{found.effect(one.metric).title}, n = {one.n}"
    return ClaimRow(one.claim, what, where, estimate, capital(one.verdict), one.reason)
