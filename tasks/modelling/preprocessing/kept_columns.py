"""KeptColumns: what a step is, once fitted, that keeps some columns and drops the others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.modelling.linear import Linear
from tasks.modelling.preprocessing.step import FittedStep
from tasks.modelling.rows import Columns, Floats, Rows

MOST_NAMED = 20


@dataclass(frozen=True, eq=False)
class KeptColumns(FittedStep):
    """kept: positions of the columns, ascending. strength: (p,) what decided, of every column. note: for readers, or "".

    left_out: what readers are told of the columns that are not kept, as left_out makes it.
    """

    kept: NDArray[np.intp]
    strength: Floats
    note: str = ""
    left_out: tuple[str, ...] = ()

    def apply(self, rows: Rows) -> Rows:
        return rows.keep(self.kept)

    def notes(self) -> Counter[str]:
        return Counter([*([self.note] if self.note else []), *self.left_out])

    def undo(self, score: Linear, columns: Columns) -> Linear:  # noqa: ARG002 (known values stay as they are)
        return score


def left_out(kind: str, columns: Columns, kept: NDArray[np.intp], why: str) -> tuple[str, ...]:
    """Why a step of a kind left each column out, the first 20 by name, and that there were more. kept: positions of the others."""
    names = np.delete(columns.names, kept).tolist()
    told = tuple(f"{kind} left out {name}: {why}" for name in names[:MOST_NAMED])
    return told if len(names) <= MOST_NAMED else (*told, more_than(kind))


def more_than(kind: str) -> str:
    """The number is left out: folds differ in it, and remarks of the same words are counted together."""
    return f"{kind} left out more columns than the {MOST_NAMED} that are named, of a fold"
