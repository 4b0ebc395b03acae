"""A number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from features.core.kinds.endpoint import MORE, Endpoint, Need, Predicted
from features.core.outcome import Outcome

if TYPE_CHECKING:
    import pandas as pd

_STRATA = 5  # folds are spread evenly over fifths of the values


class Continuous(Endpoint):
    """A number: `column` in its declared unit."""

    kind: Literal["continuous"] = "continuous"
    title: ClassVar[str] = "Number"
    predicted: ClassVar[Predicted] = "value"
    metrics: ClassVar[tuple[str, ...]] = ("r2", "rank_c")
    further_metrics: ClassVar[tuple[str, ...]] = ("mae", "calibration_intercept", "calibration_slope")
    alone: ClassVar[str] = "rank_c"
    figures: ClassVar[tuple[str, ...]] = ("predicted_observed",)
    spread_by: ClassVar[str] = "fifth of the values"

    column: str = Field(description="outcome of type number")

    def needs(self) -> tuple[Need, ...]:
        return (Need("column", self.column, "number"),)

    def outcome(self, table: pd.DataFrame, levels: Mapping[str, tuple[str, ...]]) -> Outcome:  # noqa: ARG002
        return Outcome.of_value(table[self.column].to_numpy(float))

    def strata(self, outcome: Outcome) -> NDArray[np.intp]:
        assert outcome.value is not None
        inner = np.quantile(outcome.value, np.arange(1, _STRATA) / _STRATA)
        return np.searchsorted(inner, outcome.value, side="left").astype(np.intp)

    def target(self, outcome: Outcome) -> NDArray[Any]:
        assert outcome.value is not None
        return outcome.value

    def counted(self, outcome: Outcome) -> str:
        assert outcome.value is not None
        return f"{len(np.unique(outcome.value))} different values"

    def untrainable(self, outcome: Outcome) -> str:
        if not outcome.varies:
            return f"the {len(outcome)} cases of the training fold all have one value: {MORE}"
        return ""
