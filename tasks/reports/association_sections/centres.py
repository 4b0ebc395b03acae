"""The first associations centre by centre."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from tasks.reports.association_rows import row_in_words
from tasks.reports.association_section import AssociationFindings, AssociationSection
from tasks.reports.number_format import DASH, decimal, interval

MOST = 10  # associations


class Centres(AssociationSection):
    """Effects in each centre of the first ones by p; not there where there is one centre."""

    kind: Literal["centres"] = "centres"
    order: ClassVar[int] = 36

    def heading(self, found: AssociationFindings) -> str:  # noqa: ARG002
        return "Centre by centre"

    def applies(self, found: AssociationFindings) -> bool:
        return bool(found.result.by_centre)

    def content(self, found: AssociationFindings) -> Mapping[str, object]:
        own = {(one.column, one.variable, one.effect, one.centre): one for one in found.result.by_centre}
        centres = sorted({one.centre for one in found.result.by_centre})
        rows = []
        for row in found.result.rows[:MOST]:
            cells = []
            for centre in centres:
                one = own.get((row.column, row.variable, row.effect, centre))
                if one is None or one.value is None:
                    cells.append((DASH, "" if one is None else one.reason))
                else:
                    cells.append((decimal(one.value), f"{interval(one.low, one.high)}, n = {one.n}".removeprefix(", ")))
            rows.append((row_in_words(found, row), cells))
        return {"centres": centres, "rows": rows}
