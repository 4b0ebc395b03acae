"""The numbers that a reader looks for first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from tasks.reports.plain_labels import held_out_parts
from tasks.reports.section import Findings, Section


class KeyFacts(Section):
    """Cases, patients, events, centres, and how much was compared."""

    kind: Literal["key_facts"] = "key_facts"
    order: ClassVar[int] = 2
    is_front: ClassVar[bool] = True

    def content(self, found: Findings) -> Mapping[str, object]:
        tuned = found.result.tuned
        return {"held_out": held_out_parts(found.result), "combinations": tuned.combinations}
