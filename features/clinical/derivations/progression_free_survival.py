"""progression_free_survival: the time to progression or death, whichever comes first."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.clinical.follow_up import Cause, Events, SoughtAtVisits


class ProgressionFreeSurvival(SoughtAtVisits):
    """Days to progression or death, and a flag of either. Who had neither is censored at the last visit, where it is known.

    Progression is looked for at visits: a patient of whom one only knows later that they live is not known to be free of it
    (FDA, Clinical Trial Endpoints for the Approval of Cancer Drugs and Biologics, 2018, appendix C).
    """

    title: ClassVar[str] = "progression-free survival"

    kind: Literal["progression_free_survival"] = "progression_free_survival"
    progression: Events = Field(
        description="progression: the variable of its day, `{days, flag}`, `{time, event}`, or a list of them"
    )

    def causes(self) -> tuple[Cause, ...]:
        return *(Cause("progression", one) for one in self.progression), Cause("death", self.death, is_fatal=True)
