"""The flow of cases, and who lacks which variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np

from features.core.quarantine import REASONS
from tasks.reports.association_section import AssociationFindings, AssociationSection
from tasks.reports.flow_chains import flow_chains


class Flow(AssociationSection):
    """Boxes of patients, cohort by cohort, and a table of the variables: known, and not, with the reasons."""

    kind: Literal["flow"] = "flow"
    order: ClassVar[int] = 10

    def heading(self, found: AssociationFindings) -> str:  # noqa: ARG002
        return "Flow of cases"

    def content(self, found: AssociationFindings) -> Mapping[str, object]:
        rows = [
            (
                found.variable(one.word),
                one.kind.replace("_", "-"),
                one.counted,
                int(np.isfinite(one.y).sum()),
                "; ".join(
                    f"{REASONS[why].means if why in REASONS else why} (n = {n})" for why, n in one.reasons.items()
                ),
            )
            for one in found.result.variables
        ]
        return {"chains": flow_chains(found.result.flow), "variables": rows}
