"""Several findings at once, each there or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from features.core.kinds.endpoint import Endpoint, Need, Predicted, counts_in_words
from features.core.outcome import Bools, Outcome

if TYPE_CHECKING:
    import pandas as pd


class Multilabel(Endpoint):
    """Several findings, each there or not: `labels` are flags. A case counts if all of them are known."""

    kind: Literal["multilabel"] = "multilabel"
    title: ClassVar[str] = "Labels"
    predicted: ClassVar[Predicted] = "labels"
    metrics: ClassVar[tuple[str, ...]] = ("macro_auc",)
    further_metrics: ClassVar[tuple[str, ...]] = ("macro_auprc", "brier", "scaled_brier")
    figures: ClassVar[tuple[str, ...]] = ("confusion",)
    of_each: ClassVar[str] = "with and without each label"
    counted_as: ClassVar[str] = "Smallest group of a label"
    spread_by: ClassVar[str] = "the most uneven label"

    labels: tuple[str, ...] = Field(min_length=2, description="outcomes of type flag")

    @field_validator("labels")
    @classmethod
    def check_labels(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        """Each label once: one that stands twice would count twice."""
        twice = [label for i, label in enumerate(labels) if label in labels[:i]]
        if twice:
            raise ValueError(f'the label "{twice[0]}" stands twice')
        return labels

    def needs(self) -> tuple[Need, ...]:
        return tuple(Need("labels", label, "flag") for label in self.labels)

    def outcome(self, table: pd.DataFrame, levels: Mapping[str, tuple[str, ...]]) -> Outcome:  # noqa: ARG002
        code = np.column_stack([table[label].to_numpy(bool) for label in self.labels]).astype(np.intp)
        return Outcome(code, levels=self.labels)

    def needed(self, outcome: Outcome) -> tuple[Bools, ...]:
        return tuple(flags for label in outcome.code.T for flags in (label > 0, label == 0))

    def strata(self, outcome: Outcome) -> NDArray[np.intp]:
        """The label that is most unevenly spread: with several, folds can be even in one of them."""
        balance = np.minimum(outcome.code.sum(axis=0), (1 - outcome.code).sum(axis=0))
        found: NDArray[np.intp] = outcome.code[:, int(np.argmin(balance))]
        return found

    def contrasts(self, outcome: Outcome) -> tuple[Outcome, ...]:
        return tuple(Outcome.of_flag(label > 0) for label in outcome.code.T)

    def target(self, outcome: Outcome) -> NDArray[Any]:
        return outcome.code

    def counted(self, outcome: Outcome) -> str:
        return counts_in_words(outcome.levels, [int(label.sum()) for label in outcome.code.T])
