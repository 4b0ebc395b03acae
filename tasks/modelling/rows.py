"""Rows: cases as steps and models see them, never with their outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from features.core.design import Design
from features.core.images import Images, Positions

Floats = NDArray[np.float64]
Names = NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Columns:
    """names: (p,) unique. blocks: (p,) the block that each column is of. categories: (p,) the category, "" of columns that are
    no level of any; without it, none is."""

    names: Names
    blocks: Names
    categories: Names = field(default_factory=lambda: np.empty(0, np.str_))

    def __post_init__(self) -> None:
        if len(self.categories) != len(self.names):
            object.__setattr__(self, "categories", np.full(len(self.names), ""))

    def __len__(self) -> int:
        return len(self.names)

    def take(self, kept: Positions) -> Columns:
        """Some of them, by position or mask."""
        return Columns(self.names[kept], self.blocks[kept], self.categories[kept])

    @classmethod
    def joined(cls, parts: list[Columns]) -> Columns:
        """Columns of several tables side by side."""
        return cls(
            np.concatenate([part.names for part in parts]),
            np.concatenate([part.blocks for part in parts]),
            np.concatenate([part.categories for part in parts]),
        )


@dataclass(frozen=True, eq=False)
class Rows:
    """X: (n, p) floats, NaN where missing.

    groups: "centre", "cohort" and "patient" (what stays together in all folds), (n,) each; "draw" where rows were drawn with
    replacement: which time of a row it is. covariates: clinical columns of the
    cases by name, (n,) each, NaN where missing: harmonisers may look at them, they are no predictors here. days: (n,) of the
    visit that each row is, NaN where nothing tells it, where patients have several rows; scored: (n,) False for rows that only
    train. None where each patient has one visit. images: what networks are shown of the cases; None where the set of blocks
    does not name them.
    """

    X: Floats
    columns: Columns
    groups: Mapping[str, Names]
    covariates: Mapping[str, Floats] = field(default_factory=dict)
    days: Floats | None = None
    scored: NDArray[np.bool_] | None = None
    images: Images | None = None

    def __post_init__(self) -> None:
        if self.X.shape[1] != len(self.columns):
            raise ValueError(f"{self.X.shape[1]} columns have {len(self.columns)} names")
        if self.images is not None and len(self.images) != len(self.X):
            raise ValueError(f"{len(self.X)} rows have images of {len(self.images)}")

    def __len__(self) -> int:
        return len(self.X)

    @classmethod
    def of(cls, design: Design) -> Rows:
        """All rows and columns of a design, and its images where there is one word for them, as a set of blocks sees it."""
        names = np.array(design.X.columns, dtype=np.str_)
        blocks = np.array([design.blocks[str(name)] for name in names], dtype=np.str_)
        groups = {"centre": design.centres, "cohort": design.cohorts, "patient": design.groups}
        categories = np.array([design.categories.get(str(name), "") for name in names], dtype=np.str_)
        known = {name: design.X[name].to_numpy(np.float64) for name in design.columns("clinical")}
        X = np.ascontiguousarray(design.X.to_numpy(np.float64))
        images = next(iter(design.images.values())) if len(design.images) == 1 else None
        found = cls(X, Columns(names, blocks, categories), groups, known, images=images)
        if design.days is None and design.scored.all():
            return found
        return replace(found, days=design.days, scored=design.scored)

    def take(self, rows: Positions) -> Rows:
        """Some rows, by position or mask."""
        groups = {name: values[rows] for name, values in self.groups.items()}
        known = {name: values[rows] for name, values in self.covariates.items()}
        days = None if self.days is None else self.days[rows]
        scored = None if self.scored is None else self.scored[rows]
        images = None if self.images is None else self.images.take(rows)
        return Rows(self.X[rows], self.columns, groups, known, days, scored, images)

    def drawn(self, rows: NDArray[np.intp]) -> Rows:
        """Some rows, by position. Where some are there several times, the group "draw" numbers these: draws with replacement."""
        found, size = self.take(rows), len(rows)
        order = np.argsort(rows, kind="stable")
        first = np.flatnonzero(np.diff(rows[order], prepend=-1))
        number = np.empty(size, np.intp)
        number[order] = np.arange(size) - np.repeat(first, np.diff(first, append=size))
        if not number.any():
            return found
        return replace(found, groups={**found.groups, "draw": number.astype(np.str_)})

    def keep(self, kept: Positions) -> Rows:
        """Some columns, by position or mask."""
        return replace(self, X=self.X[:, kept], columns=self.columns.take(kept))

    def with_values(self, X: Floats) -> Rows:
        """Other values of the same columns, (n, p)."""
        return replace(self, X=X)
