"""Delta: how the features of a patient go from visit to visit. Each kind makes columns of one number per patient and feature."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.catalog.table_source import Word
from features.core.errors import RadweaveError, hint_sentence
from features.core.kinds.registry import Kind, Registry

Floats = NDArray[np.float64]
Least = Annotated[int, Field(ge=2)]


class Span(NamedTuple):
    """The first and the last time point that a delta looks at."""

    since: str
    until: str

    @property
    def words(self) -> str:
        """As it stands in the names of columns."""
        return f"{self.since}_to_{self.until}"


@dataclass(frozen=True, eq=False)
class Course:
    """Values of cases over their visits, in the order of the time points, from the first of a span to its last.

    days: (n, visits), the patient's own day of each visit, else its planned day; NaN where nothing tells it. values:
    (n, visits, p), NaN where missing.
    """

    days: Floats
    values: Floats


class Delta(Kind):
    """Columns of the block delta, `delta__COLUMN__SINCE_to_UNTIL_ENDING`. Frozen settings; nothing is fitted.

    needs_days: whether it looks at days.
    """

    since: Word | None = Field(None, description="the first time point; without it, the first one of the cohort")
    until: Word | None = Field(
        None, description="the last time point, at predict_at of the study or before; without it, predict_at"
    )
    blocks: tuple[Word, ...] = Field(
        ("radiomics",),
        min_length=1,
        description="blocks whose features are compared: radiomics, deep, region (the volume), or ready-made blocks whose "
        "rows are of time points",
    )

    @property
    def needs_days(self) -> bool:
        """Whether it makes anything of the days of visits."""
        return True

    @abstractmethod
    def values(self, course: Course) -> Mapping[str, Floats]:
        """Ending of the names → values, (n, p) each, NaN where they are missing."""

    def span(self, timepoints: Mapping[str, int], predict_at: str) -> Span:
        """The first and the last time point. Raises RadweaveError if one is unknown, known too late, or they are not in order.

        timepoints: of a cohort, with planned days.
        """
        first = min(timepoints, key=lambda word: timepoints[word])
        found = Span(self.since or first, self.until or predict_at)
        for word in found:
            if word not in timepoints:
                hint = hint_sentence(word, timepoints)
                raise RadweaveError(
                    f'delta: there is no time point "{word}"; allowed: {", ".join(timepoints)}. {hint}'.strip()
                )
        if timepoints[found.until] > timepoints[predict_at]:
            raise RadweaveError(
                f'delta: the {self.kind} from "{found.since}" to "{found.until}" is known at {found.until}, after the '
                f'prediction at "{predict_at}": predict later, or compare earlier time points'
            )
        if timepoints[found.until] <= timepoints[found.since]:
            raise RadweaveError(f'delta: "{found.since}" is not before "{found.until}" in the catalog')
        return found


def same_spans(deltas: Sequence[Delta], cohorts: Mapping[str, Mapping[str, int]], predict_at: str) -> list[Span]:
    """The span of each delta, the same in all cohorts (name → its time points).

    Raises RadweaveError as `Delta.span`, and if the first time point of cohorts differs where a delta names none.
    """
    found: list[Span] = []
    for delta in deltas:
        spans = {name: delta.span(timepoints, predict_at) for name, timepoints in cohorts.items()}
        if len({*spans.values()}) > 1:
            told = ", ".join(f"{name}: {span.since}" for name, span in spans.items())
            raise RadweaveError(
                f"delta: the first time point is not the same in every cohort ({told}): name it by `since`, so that columns are"
                " alike"
            )
        found.append(next(iter(spans.values())))
    return found


DELTAS: Registry[Delta] = Registry(Delta, "features.fusion.deltas", default="change")
