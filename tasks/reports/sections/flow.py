"""The flow of cases: who came in, who left at which step, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from tasks.reports.flow_chains import flow_chains
from tasks.reports.plain_labels import held_out_parts
from tasks.reports.section import Findings, Section


class Flow(Section):
    """Boxes of patients, cohort by cohort, down to those who were analysed."""

    kind: Literal["flow"] = "flow"
    order: ClassVar[int] = 10

    def heading(self, found: Findings) -> str:  # noqa: ARG002
        return "Flow of cases"

    def content(self, found: Findings) -> Mapping[str, object]:
        result = found.result
        return {
            "chains": flow_chains(result.flow, found.study.external),
            "held_out": held_out_parts(result),
        }
