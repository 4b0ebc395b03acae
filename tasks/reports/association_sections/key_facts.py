"""The numbers that a reader looks for first."""

from __future__ import annotations

from typing import ClassVar, Literal

from tasks.reports.association_section import AssociationSection


class KeyFacts(AssociationSection):
    """Cases, patients, centres, tests, and how many are discoveries."""

    kind: Literal["key_facts"] = "key_facts"
    order: ClassVar[int] = 2
    is_front: ClassVar[bool] = True
