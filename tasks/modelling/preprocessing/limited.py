"""FittedLimited: what a step is, once fitted, that brings columns to one scale and lets no value lie farther out than a limit."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tasks.modelling.preprocessing.step import FittedStep
from tasks.modelling.rows import Floats, Rows


@dataclass(frozen=True, eq=False)
class FittedLimited(FittedStep):
    """limit: in units of the scale. in_words: what these are, and what they are counted from."""

    limit: float

    in_words: ClassVar[str]

    @abstractmethod
    def scaled(self, X: Floats) -> Floats:
        """Values of the columns on their scale, (n, p), of which none is cut off yet; missing stays missing."""

    def apply(self, rows: Rows) -> Rows:
        return rows.with_values(np.clip(self.scaled(rows.X), -self.limit, self.limit))

    def remarks(self, rows: Rows) -> Counter[str]:
        far = int((np.abs(self.scaled(rows.X)) > self.limit).sum())
        return Counter({f"values more than {self.limit:g} {self.in_words} count as {self.limit:g}": far} if far else {})
