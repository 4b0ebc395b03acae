"""Every association, by p, as a table and a forest plot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from tasks.modelling.association.result import Association
from tasks.reports.association_figures import forest_of
from tasks.reports.association_rows import CORRECTIONS, row_in_words
from tasks.reports.association_section import AssociationFindings, AssociationSection
from tasks.reports.figures import Plot

MOST = 50  # lines of the table; all stand in associations.parquet
MOST_UNTESTED = 100


class Associations(AssociationSection):
    """The first ones by p, those that could not be tested with their reasons, and a forest plot of each effect."""

    kind: Literal["associations"] = "associations"
    order: ClassVar[int] = 30

    def figures(self, found: AssociationFindings) -> Sequence[Plot]:
        return [forest_of(found, word, rows) for word, rows in tested_by_effect(found).items()]

    def content(self, found: AssociationFindings) -> Mapping[str, object]:
        result = found.result
        tested, rest = result.rows[: result.tests], result.rows[result.tests :]
        return {
            "rows": [row_in_words(found, row) for row in tested[:MOST]],
            "more": max(0, result.tests - MOST),
            "untested": [row_in_words(found, row) for row in rest[:MOST_UNTESTED]],
            "more_untested": max(0, len(rest) - MOST_UNTESTED),
            "reasons": Counter(row.reason for row in rest).most_common(),
            "correction": CORRECTIONS[found.study.correction],
        }


def tested_by_effect(found: AssociationFindings) -> dict[str, list[Association]]:
    """Word of an effect → its rows that have a p, by p."""
    rows: dict[str, list[Association]] = {}
    for row in found.result.rows[: found.result.tests]:
        rows.setdefault(row.effect, []).append(row)
    return {effect.word: rows[effect.word] for effect in found.study.effects if effect.word in rows}
