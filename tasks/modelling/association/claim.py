"""AssociationClaim: what an association study says beforehand that its tests will show."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from features.core.frozen import Frozen
from tasks.modelling.claims.claim import Judged, Verdict

if TYPE_CHECKING:  # it imports pandas
    from tasks.modelling.association.result import Association


class AssociationClaim(Frozen):
    """A column, or one of several, goes with a variable, or with time, beyond chance and in the way that is claimed.

    It is supported where the corrected p of one of them is a discovery on that side, and not supported where the intervals of all
    lie wholly on the other one; else undecided.
    """

    says: str = Field(min_length=1, description="what is claimed, in words, for the report")
    columns: str = Field("*", description="the column, or a pattern of several, one of which will do")
    variable: str = Field("", description="variable of the study; left out where the effect is of days alone")
    effect: str = Field("", description="effect of the study, by its name; needed where it has several")
    side: Literal["above", "below", "either"] = Field(
        "either", description="where the effect is claimed to lie, as seen from where nothing goes together"
    )


def judge(claim: AssociationClaim, rows: Sequence[Association], null: float, effect: str) -> Judged:
    """What became of a claim. rows: all of the study. null: the value of the effect where nothing goes together."""
    own = [
        row
        for row in rows
        if row.effect == effect and row.variable == claim.variable and fnmatchcase(row.column, claim.columns)
    ]
    told = [row for row in own if row.value is not None and row.low is not None and row.high is not None]
    fitting = [row for row in told if _on_side(row, claim.side, null)]
    found = [row for row in fitting if row.discovery]
    best = min(found or fitting or told or own, key=lambda row: 1.0 if row.p is None else row.p, default=None)
    verdict: Verdict = "supported" if found else "undecided"
    if told and not found and all(_is_against(row, claim.side, null) for row in told):
        verdict = "not supported"
    reason = (
        "" if told else (best.reason if best else f"no column is like {claim.columns}, with that variable and effect")
    )
    what = claim.columns
    if best is not None:
        what = f"{best.column} ({len(found)} of {len(own)})" if len(own) > 1 else best.column
    return Judged(
        claim.says,
        "associated",
        effect,
        *("", "", ""),
        what,
        claim.variable,
        best.value if best else None,
        best.low if best else None,
        best.high if best else None,
        best.n if best else 0,
        verdict,
        reason,
    )


def _on_side(row: Association, side: str, null: float) -> bool:
    value = row.value or 0.0
    return side == "either" or (value > null if side == "above" else value < null)


def _is_against(row: Association, side: str, null: float) -> bool:
    if side == "either" or row.low is None or row.high is None:
        return False
    return row.high <= null if side == "above" else row.low >= null
