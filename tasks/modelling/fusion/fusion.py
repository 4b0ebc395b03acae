"""Fusion: how the blocks of a set become one prediction, everything learnt on training rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.registry import Kind, Registry
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Rows

if TYPE_CHECKING:
    from tasks.modelling.candidate import Candidate
    from tasks.modelling.evaluation.fold_fit import FoldFit


class Fitted(ABC):
    """A candidate as fitted on one training fold."""

    @abstractmethod
    def predict(self, rows: Rows) -> Prediction:
        """What it says of rows that have at least its columns, in any order. Raises ValueError if one is missing."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """All that was learnt, by name."""


@dataclass(frozen=True, eq=False)
class Joined:
    """What a candidate gave on one fold with one set of blocks.

    prediction: of the test rows; None with a reason where it could not be fitted. own: of the test rows of each inner fold, in
    their order, by the settings that were chosen; empty where nobody asked. selected: column → weight of those that it uses.
    shares: block → share of what decides the prediction, summing to 1. settings: how many were compared. chosen: those taken.
    """

    prediction: Prediction | None = None
    own: tuple[Prediction, ...] = ()
    selected: dict[str, float] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    settings: int = 0
    chosen: dict[str, Any] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)
    reason: str = ""
    fitted: Fitted | None = None


class Fusion(Kind):
    """How blocks become one prediction. A set of one block needs none: all kinds then give the same."""

    @abstractmethod
    def fit(self, fold: FoldFit, candidate: Candidate, columns: NDArray[np.intp], own: bool) -> Joined:
        """The candidate, fitted on the fold's training rows with these columns of its rows.

        own: whether predictions of the inner folds are asked for. What cannot be fitted is a Joined with a reason.
        """


FUSIONS: Registry[Fusion] = Registry(Fusion, "tasks.modelling.fusion", default="together")
