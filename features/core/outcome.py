"""Outcome: what was seen of each case, whatever the kind of endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.intp]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was seen of n cases.

    code: (n,) 0 negative, censored, the first class or the lowest rank; 1 … positive, event, class, rank or cause. Of
    several labels (n, labels), 0 or 1. days: (n,) of follow-up, None where there is none. value: (n,) where the outcome is a
    number, whose codes are all 0. levels: what the codes mean, in their order, or the names of the labels; empty where
    codes only say no and yes.
    """

    code: Codes
    days: Floats | None = None
    value: Floats | None = None
    levels: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.code)

    def take(self, rows: Codes | Bools) -> Outcome:
        """The outcome of these rows, positions or a mask."""
        days = None if self.days is None else self.days[rows]
        value = None if self.value is None else self.value[rows]
        return Outcome(self.code[rows], days, value, self.levels)

    @classmethod
    def of_flag(cls, flag: Bools) -> Outcome:
        """No and yes, (n,)."""
        return cls(flag.astype(np.intp))

    @classmethod
    def of_days(cls, event: Bools, days: Floats) -> Outcome:
        """An event, seen or not, and the days until then, both (n,)."""
        return cls(event.astype(np.intp), days=np.asarray(days, dtype=np.float64))

    @classmethod
    def of_value(cls, value: Floats) -> Outcome:
        """A number for each case, (n,)."""
        return cls(np.zeros(len(value), np.intp), value=np.asarray(value, dtype=np.float64))

    @classmethod
    def concat(cls, parts: Sequence[Outcome]) -> Outcome:
        """The outcomes of several cohorts, one below the other. Raises ValueError if their codes mean different things."""
        if len({part.levels for part in parts}) > 1:
            raise ValueError("the levels of the outcome differ between cohorts")
        days = None if parts[0].days is None else np.concatenate([p.days for p in parts if p.days is not None])
        value = None if parts[0].value is None else np.concatenate([p.value for p in parts if p.value is not None])
        return cls(np.concatenate([part.code for part in parts]), days, value, parts[0].levels)

    @property
    def varies(self) -> bool:
        """Whether anything can go together with it: an event was seen, values differ, or there are no and yes."""
        if self.days is not None:
            return bool(self.flag.any())
        seen = self.code if self.value is None else self.value
        return bool((seen != seen[:1]).any())

    @property
    def flag(self) -> Bools:
        """Which cases are positive or had an event of any cause, (n,); of several labels, any of them."""
        positive = self.code > 0
        return positive if positive.ndim == 1 else np.asarray(positive.any(axis=1), dtype=bool)
