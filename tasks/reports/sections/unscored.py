"""Unscored: which combinations have no score, and why, so that nobody takes what is compared for all that was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from tasks.reports.labels import combination_label
from tasks.reports.plain_labels import capital, held_out_label
from tasks.reports.section import Findings, Section

MOST_NAMED = 4  # combinations of one reason


class Unscored(Section):
    """A line for each reason; not there where every combination has its score under every split."""

    kind: Literal["unscored"] = "unscored"
    order: ClassVar[int] = 3
    is_front: ClassVar[bool] = True

    def applies(self, found: Findings) -> bool:
        return bool(unscored(found))

    def content(self, found: Findings) -> Mapping[str, object]:
        return {"rows": unscored(found)}


@dataclass(frozen=True)
class Lacking:
    """Combinations without a score under a split, or of a held-out cohort, for one reason."""

    where: str
    which: str
    count: int
    reason: str


def unscored(found: Findings) -> tuple[Lacking, ...]:
    """By the first metric of the endpoint, all cases compared."""
    asked = [s for s in found.result.scores if (s.metric, s.centre, s.within) == (found.winner.metric, "", "")]
    groups: dict[tuple[str, str, str], list[str]] = {}
    for score in asked:
        if score.value is None:
            key = score.split, score.cohort, score.reason
            groups.setdefault(key, []).append(combination_label(found.study, score))
    rows = []
    for (split, cohort, reason), labels in groups.items():
        more = f" and {len(labels) - MOST_NAMED} more" if len(labels) > MOST_NAMED else ""
        is_all = len(labels) == sum((s.split, s.cohort) == (split, cohort) for s in asked)
        which = "all combinations" if is_all and len(labels) > 1 else "; ".join(labels[:MOST_NAMED]) + more
        rows.append(Lacking(held_out_label(split, cohort), capital(which), len(labels), reason))
    return tuple(rows)
