"""Warnings while models were fitted, and remarks of steps."""

from __future__ import annotations

from typing import ClassVar, Literal

from tasks.reports.section import Findings, Section


class Warnings(Section):
    """Messages with how often they came; not there where there were none."""

    kind: Literal["warnings"] = "warnings"
    order: ClassVar[int] = 78

    def heading(self, found: Findings) -> str:  # noqa: ARG002
        return "Warnings and remarks"

    def applies(self, found: Findings) -> bool:
        return bool(found.result.warnings)
