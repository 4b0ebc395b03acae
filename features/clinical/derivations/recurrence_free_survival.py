"""recurrence_free_survival: the time to recurrence or death after a treatment that left no tumour."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.clinical.follow_up import Cause, Events, SoughtAtVisits


class RecurrenceFreeSurvival(SoughtAtVisits):
    """Days to recurrence or death, and a flag of either; disease-free survival where new primaries are listed, too.

    Who had neither is censored at the last visit, where it is known. `start` is the day of the surgery, if that is not
    baseline. Which events count is said by the list: local, regional, distant, new primary (DATECAN names the choices, for
    sarcoma: Bellera et al., Ann Oncol 2015;26:865).
    """

    title: ClassVar[str] = "recurrence-free survival"

    kind: Literal["recurrence_free_survival"] = "recurrence_free_survival"
    recurrence: Events = Field(
        description="recurrences that count: the variable of the day, `{days, flag}`, `{time, event}`, or a list"
    )

    def causes(self) -> tuple[Cause, ...]:
        return *(Cause("recurrence", one) for one in self.recurrence), Cause("death", self.death, is_fatal=True)
