"""Fusion: how the blocks of a set become one prediction, everything learnt on training rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from features.core.kinds.endpoint import Endpoint
from features.core.kinds.registry import Kind, Registry
from tasks.modelling.linear import Linear
from tasks.modelling.models.model import Model
from tasks.modelling.prediction import Prediction
from tasks.modelling.preprocessing.step import Step
from tasks.modelling.rows import Columns, Rows
from tasks.modelling.target import Target


class Fitted(ABC):
    """A candidate as fitted on one training fold."""

    @abstractmethod
    def predict(self, rows: Rows) -> Prediction:
        """What it says of rows that have at least its columns, in any order. Raises ValueError if one is missing."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """All that was learnt, by name."""

    def linear(self, rows: Rows) -> Linear | str:  # noqa: ARG002 (most make no straight line)
        """The risk as a linear score of the columns as they were measured, where it is one; else why it is none.

        rows: at least one, of which its columns are taken. It holds of values that are known and that no step cuts off.
        """
        return "its risk is no sum of weighted columns"

    @abstractmethod
    def remarks(self, rows: Rows) -> Counter[str]:
        """What is done to these rows that a reader has to know, with how often."""


@dataclass(frozen=True, eq=False)
class Joined:
    """What a candidate gave on one fold with one set of blocks.

    prediction: of the test rows; None with a reason where it could not be fitted. own: of the test rows of each inner fold, in
    their order, by the settings that were chosen; empty where nobody asked and there was one setting, or one of them failed; there
    even where the prediction of test rows failed. unowned: why one of them failed. selected: column → weight of those that it uses.
    shares: block → share of what decides the prediction, summing to 1. encoded: columns that a step made of others → their block.
    settings: how many were compared. chosen: those taken.
    remarks: what steps did to the training and the test rows that a reader has to know.
    """

    prediction: Prediction | None = None
    own: tuple[Prediction, ...] = ()
    selected: dict[str, float] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    encoded: dict[str, str] = field(default_factory=dict)
    settings: int = 0
    chosen: dict[str, Any] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)
    reason: str = ""
    fitted: Fitted | None = None
    remarks: Counter[str] = field(default_factory=Counter)
    unowned: str = ""


class FoldTables(Protocol):
    """What a fusion is given of a fold: its columns, what its inner folds hold, and tables fitted to its training rows."""

    @property
    def columns(self) -> Columns:
        """All columns of the fold's rows."""

    @property
    def endpoint(self) -> Endpoint:
        """What is predicted."""

    @property
    def training(self) -> tuple[Rows, Target]:
        """The training rows, and what was seen of them."""

    def held_out(self) -> list[tuple[Rows, Target]]:
        """The test rows of each inner fold, and what was seen of them; none where too few events allow any."""

    def table(
        self,
        steps: Sequence[Step],
        model: Model,
        columns: NDArray[np.intp],
        *,
        own: bool = False,
        by_block: bool = False,
    ) -> Joined:
        """Steps and a model on columns, by position, with the settings that inner folds chose."""


class Fusion(Kind):
    """How blocks become one prediction. A set of one block needs none: all kinds then give the same."""

    @abstractmethod
    def fit(
        self, fold: FoldTables, steps: Sequence[Step], model: Model, columns: NDArray[np.intp], *, own: bool
    ) -> Joined:
        """Steps and a model, fitted on the fold's training rows with these columns of its rows, by position.

        own: whether predictions of the inner folds are asked for. What cannot be fitted is a Joined with a reason.
        """


FUSIONS: Registry[Fusion] = Registry(Fusion, "tasks.modelling.fusion", default="stacked")
