"""FittedComponents: what a step is, once fitted, that condenses the columns of each block to a few combinations of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.core.errors import FitError
from features.core.images import Positions
from tasks.modelling.preprocessing.standard import Standard
from tasks.modelling.preprocessing.step import FittedStep
from tasks.modelling.rows import Columns, Floats, Names, Rows


@dataclass(frozen=True, eq=False)
class Components:
    """own: positions of the columns of a block. mean, spread: theirs, (m,). axes: (m, k) weights of the standardised columns."""

    block: str
    own: NDArray[np.intp]
    mean: Floats
    spread: Floats
    axes: Floats

    def first(self, count: int) -> Components:
        """With so many components alone."""
        return replace(self, axes=np.ascontiguousarray(self.axes[:, :count]))


@dataclass(frozen=True, eq=False)
class FittedComponents(FittedStep):
    """kind: of the step, which is part of the names of its columns: BLOCK_KIND_01."""

    kind: str
    parts: tuple[Components, ...]

    def apply(self, rows: Rows) -> Rows:
        """Raises FitError for missing or infinite values."""
        wrong = ~np.isfinite(rows.X)
        if wrong.any():
            names = ", ".join(rows.columns.names[wrong.any(axis=0)][:3])
            raise FitError(f"{self.kind}: missing or infinite values in {names}; put median before it")
        made, columns = [], []
        for part in self.parts:
            Z = Standard(part.mean, part.spread).scaled(rows.X[:, _together(part.own)])
            made.append(np.array([row @ part.axes for row in Z]).reshape(len(rows), -1))  # each row for itself
            own = [f"{part.block}_{self.kind}_{i + 1:02d}" for i in range(part.axes.shape[1])]
            columns.append(Columns(np.array(own, np.str_), np.full(len(own), part.block)))
        return replace(rows, X=np.hstack(made), columns=Columns.joined(columns))

    def state(self) -> dict[str, Any]:
        return {f"{part.block}.{one.name}": getattr(part, one.name) for part in self.parts for one in fields(part)}


def turned(axes: Floats, names: Names) -> Floats:
    """The axes (m, k), each so that its largest weight is positive; of equal ones, as of two columns, that of the first by name."""
    order = np.argsort(names, kind="stable")
    size = np.abs(axes[order])
    first = order[(size > size.max(axis=0) * (1.0 - 1e-6)).argmax(axis=0)]
    return np.asarray(np.where(axes[first, np.arange(axes.shape[1])] < 0, -axes, axes))


def columns_of_block(kind: str, rows: Rows) -> Iterator[tuple[str, NDArray[np.intp], Standard, Floats]]:
    """Each block with the positions of its columns, their mean and spread, and the standardised values."""
    blocks = rows.columns.blocks
    for block in dict.fromkeys(blocks.tolist()):
        own = np.flatnonzero(blocks == block)
        part = rows.keep(_together(own))
        standard = Standard.of(kind, part)
        yield block, own, standard, standard.scaled(part.X)


def _together(own: NDArray[np.intp]) -> Positions:
    """The same positions; a slice where they stand side by side, so that nothing is copied."""
    first, last = int(own[0]), int(own[-1])
    return slice(first, last + 1) if last - first + 1 == len(own) else own
