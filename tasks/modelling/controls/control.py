"""Control: runs of one set of blocks in which something is taken away, to stand beside its score."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from features.core.design import Design
from features.core.kinds.registry import Kind, Registry
from tasks.modelling.splits.split import Fold

Times = Annotated[int, Field(ge=1, le=1000)]
MOST_TIMES = 19  # the least p is 0.05


@dataclass(frozen=True, eq=False)
class Run:
    """What is fitted and scored. label: what was taken away, in words."""

    label: str
    design: Design
    columns: tuple[str, ...]
    folds: tuple[Fold, ...]


@dataclass(frozen=True, eq=False)
class Given:
    """The combination as it is: its columns, the folds of one repeat, and how many columns its models used, in the median.

    cut: the folds of another design by the same split and seed.
    """

    design: Design
    columns: tuple[str, ...]
    folds: tuple[Fold, ...]
    used: int
    cut: Callable[[Design], Sequence[Fold]]
    rng: np.random.Generator


class Control(Kind):
    """What is taken away. is_null: whether the runs are draws of chance, so that a p is told; says: what to read of them.

    of_images: whether it says something of models that learn from images too; the others change columns.
    reads_shuffled: whether it needs features of shuffled images (Design.shuffled), which a refresh extracts for the study.
    """

    is_null: ClassVar[bool]
    of_images: ClassVar[bool] = False
    reads_shuffled: ClassVar[bool] = False
    says: ClassVar[str]

    @abstractmethod
    def runs(self, given: Given) -> list[Run]:
        """The runs. Raises FitError where there is nothing to take away."""


CONTROLS: Registry[Control] = Registry(Control, "tasks.modelling.controls")
