"""NoEndpoint: what a design has in place of an endpoint where nothing is predicted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import Endpoint, Need
from features.core.outcome import Outcome
from features.core.wording import counted

if TYPE_CHECKING:
    import pandas as pd


class NoEndpoint(Endpoint):
    """Nothing is predicted: it has no variable, and no model is for it. No catalog declares it."""

    kind: Literal["none"] = "none"
    title: ClassVar[str] = "Nothing"
    metrics: ClassVar[tuple[str, ...]] = ()

    def needs(self) -> tuple[Need, ...]:
        return ()

    def outcome(self, table: pd.DataFrame, levels: Mapping[str, tuple[str, ...]]) -> Outcome:  # noqa: ARG002
        return Outcome(np.zeros(len(table), np.intp))

    def target(self, outcome: Outcome) -> NDArray[Any]:
        raise TypeError(f"nothing is predicted, so that there is nothing to fit {len(outcome)} cases to")

    def counted(self, outcome: Outcome) -> str:
        return counted(len(outcome), "case")

    def untrainable(self, outcome: Outcome) -> str:  # noqa: ARG002
        return "nothing is predicted"
