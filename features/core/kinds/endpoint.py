"""Endpoint: what a study predicts, declared in the catalog over the columns of a cohort's tables.

An endpoint says what it needs of the tables, what was seen of each case, how cases are counted and spread over folds, and by
which metrics and figures predictions of it are judged. Nobody else decides by the kind of an endpoint.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat

from features.core.kinds.registry import Kind, Registry
from features.core.outcome import Bools, Outcome
from features.core.quarantine import Rejected
from features.core.wording import counted

if TYPE_CHECKING:
    import pandas as pd

Predicted = Literal["risk", "classes", "ranks", "labels", "value"]
MORE = "add patients, or split into fewer folds"  # what helps a training fold that lacks cases


@dataclass(frozen=True, slots=True)
class Need:
    """A variable that an endpoint is made of: the key that names it, its name, its type and its unit ("": any)."""

    key: str
    variable: str
    type: str
    unit: str = ""


class Endpoint(Kind):
    """What a study predicts.

    title: in words. predicted: what a model gives: risk, an order of the cases; probabilities of classes, of ranks in their
    order, or of labels; or a number. metrics: the first one is searched by, and named first; each has tables of
    its own. further_metrics: are told beside them, and choose nothing. figures: of the report.
    alone: the metric of what one column alone is judged by (see contrasts). of_each: what the floor of cases is counted in.
    has_events: whether cases are positive, or had the event, so that events are counted. counted_as: heading of the events, or
    of the scarce cases, "" where all count. spread_by: what folds are stratified by.
    """

    title: ClassVar[str]
    predicted: ClassVar[Predicted] = "risk"
    metrics: ClassVar[tuple[str, ...]]
    further_metrics: ClassVar[tuple[str, ...]] = ()
    alone: ClassVar[str] = "auc"
    figures: ClassVar[tuple[str, ...]] = ()
    of_each: ClassVar[str] = ""
    has_events: ClassVar[bool] = False
    counted_as: ClassVar[str] = ""
    spread_by: ClassVar[str] = "event"

    description: str = Field("", description="what it means, for readers")

    @abstractmethod
    def needs(self) -> tuple[Need, ...]:
        """The outcome variables that it is made of."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of these variables."""
        return tuple(need.variable for need in self.needs())

    @abstractmethod
    def outcome(self, table: pd.DataFrame, levels: Mapping[str, tuple[str, ...]]) -> Outcome:
        """What was seen, of a table with its columns and no missing value. levels: of each variable, as declared."""

    def unknown_levels(self, levels: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str, tuple[str, ...]]]:  # noqa: ARG002
        """Levels that it names and its variables do not declare: key, level, and those that are allowed."""
        return []

    def fault(self, row: Mapping[str, object], word: str) -> Rejected | None:  # noqa: ARG002
        """Why a patient's values cannot be an outcome; None if they can, or one is missing. word: name of the endpoint."""
        return None

    def needed(self, outcome: Outcome) -> tuple[Bools, ...]:  # noqa: ARG002
        """Cases of which every fold has to train on some, (n,) each; the smallest of them limits what can be learnt."""
        return ()

    def scarce(self, outcome: Outcome) -> int:
        """How many cases limit what can be learnt: those of the smallest class, or with an event; else all."""
        return min((int(mask.sum()) for mask in self.needed(outcome)), default=len(outcome))

    def unseen(self, outcome: Outcome, train: Outcome) -> Bools:  # noqa: ARG002
        """Cases of a class that no training case has, (n,): no model can tell it."""
        return np.zeros(len(outcome), bool)

    def strata(self, outcome: Outcome) -> NDArray[np.intp]:
        """What folds are spread evenly by, (n,)."""
        return outcome.code

    def contrasts(self, outcome: Outcome) -> tuple[Outcome, ...]:
        """The questions of yes and no, time or number that it comes down to: what one column alone is judged by."""
        return (outcome,)

    def treatment(self) -> str:
        """A sentence for the methods where models or metrics see something else than the outcome itself; else ""."""
        return ""

    @abstractmethod
    def target(self, outcome: Outcome) -> NDArray[Any]:
        """What estimators of scikit-learn and scikit-survival are fitted to, (n,) or (n, labels)."""

    @abstractmethod
    def counted(self, outcome: Outcome) -> str:
        """How many cases were seen of each kind, in words."""

    def untrainable(self, outcome: Outcome) -> str:
        """Why no model can be fitted to these training cases; "" if one can."""
        if any(mask.sum() < 2 for mask in self.needed(outcome)):
            cases = counted(len(outcome), "case")
            return f"the training fold has {cases}, {self.counted(outcome)}; needed: 2 {self.of_each}; {MORE}"
        return ""


class Timed(Endpoint):
    """What the endpoints over follow-up share."""

    alone: ClassVar[str] = "harrell_c"
    of_each: ClassVar[str] = "events"
    has_events: ClassVar[bool] = True
    counted_as: ClassVar[str] = "Events"
    competes: ClassVar[bool] = False  # whether another event can end the follow-up

    time: str = Field(description="outcome of type number, in days from baseline")
    horizon_days: PositiveFloat | None = Field(
        None,
        description="C-indices that weigh by censoring count events before this day, curves and log-rank tests stop after it; "
        "null: C-indices stop at the last event of the training cases, curves at the last follow-up",
    )

    @property
    @abstractmethod
    def seen(self) -> str:
        """The variable that says what was seen at that time."""

    @property
    @abstractmethod
    def nothing_seen(self) -> bool | str:
        """Its value where the case was censored."""

    def fault(self, row: Mapping[str, object], word: str) -> Rejected | None:
        time, is_known = row.get(self.time), row.get(self.seen) is not None
        if isinstance(time, float) and (time < 0 or (time == 0 and is_known)):
            return Rejected("TAB_TIME", f"{self.time} is not above zero", column=self.time, endpoint=word)
        if time is None and is_known:
            message = f"{self.time} is missing where {self.seen} is given"
            return Rejected("TAB_TIME", message, column=self.time, endpoint=word)
        return None

    def target(self, outcome: Outcome) -> NDArray[Any]:
        return surv(self.contrasts(outcome)[0])


class Classes(Endpoint):
    """What the endpoints of several levels share: the variable `column` and its declared levels."""

    column: str
    of_each: ClassVar[str] = "of each level"
    counted_as: ClassVar[str] = "Smallest class"
    spread_by: ClassVar[str] = "class"

    def outcome(self, table: pd.DataFrame, levels: Mapping[str, tuple[str, ...]]) -> Outcome:
        order = {level: i for i, level in enumerate(levels[self.column])}
        return Outcome(np.array([order[level] for level in table[self.column]], np.intp), levels=levels[self.column])

    def needed(self, outcome: Outcome) -> tuple[Bools, ...]:
        return tuple(outcome.code == code for code in range(len(outcome.levels)) if (outcome.code == code).any())

    def unseen(self, outcome: Outcome, train: Outcome) -> Bools:
        return ~np.isin(outcome.code, train.code)

    def target(self, outcome: Outcome) -> NDArray[Any]:
        return outcome.code

    def counted(self, outcome: Outcome) -> str:
        return counts_in_words(outcome.levels, [int((outcome.code == i).sum()) for i in range(len(outcome.levels))])

    def untrainable(self, outcome: Outcome) -> str:
        if len(np.unique(outcome.code)) < 2:
            return f"the training fold has {counted(len(outcome), 'case')}, {self.counted(outcome)}; needed: two levels; {MORE}"
        return super().untrainable(outcome)


def surv(outcome: Outcome) -> NDArray[Any]:
    """Event and time as scikit-survival takes them, (n,)."""
    y = np.empty(len(outcome), dtype=[("event", bool), ("time", float)])
    y["event"], y["time"] = outcome.flag, outcome.days
    return y


def counts_in_words(names: Sequence[str], counts: Sequence[int]) -> str:
    """Counts with their names, which come first where one of them begins as a number does.

    >>> counts_in_words(("low", "high"), (3, 5))
    '3 low, 5 high'
    >>> counts_in_words(("1", "2"), (3, 5))
    '1: 3, 2: 5'
    """
    if any(name[:1].isdigit() for name in names):
        return ", ".join(f"{name}: {count}" for name, count in zip(names, counts, strict=True))
    return ", ".join(f"{count} {name}" for name, count in zip(names, counts, strict=True))


ENDPOINTS: Registry[Endpoint] = Registry(Endpoint, "features.endpoints")
