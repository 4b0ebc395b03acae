"""What decided the results: settings, tables and code by their digests."""

from __future__ import annotations

from typing import ClassVar, Literal

from tasks.reports.association_section import AssociationSection


class Provenance(AssociationSection):
    """Labels and values, from the facts of the report."""

    kind: Literal["provenance"] = "provenance"
    order: ClassVar[int] = 90
    is_shared: ClassVar[bool] = True
