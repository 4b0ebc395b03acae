"""Columns condensed to principal components, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.preprocessing.components import Components, FittedComponents, columns_of_block, turned
from tasks.modelling.preprocessing.ranker import finite
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

_FLAT = 1e-8  # of the largest variance; an axis is right to about 1e-16 over this share


class Pca(Step):
    """The columns of each block become its first principal components, which vary most among the training cases.

    Columns are standardised first. The outcome has no part in it. Their names are BLOCK_pca_01 and on; the largest loading of
    each is positive. They are those of PCA of scikit-learn with svd_solver="full", by the smaller of two products of the table.
    """

    kind: Literal["pca"] = "pca"
    compared: ClassVar[Compared] = Compared(
        "PCA of scikit-learn on WORC-Lipo", "1e-7", "tasks/modelling/preprocessing/select/test_select.py"
    )
    stage: ClassVar[Stage] = "select"
    makes_columns: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("components",)

    components: tuple[PositiveInt, ...] = Field(
        (3, 10), min_length=1, description="components of a block, at most as many as it has columns or cases allow"
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedStep:
        return self.fit_variants(rows, target, seed, [self])[0]

    def fit_variants(self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]) -> list[FittedStep]:  # noqa: ARG002
        """One decomposition of each block. Raises FitError for missing values."""
        finite(self.kind, rows)
        most = max(one.components[0] for one in variants)
        found = []
        for block, own, standard, Z in columns_of_block(self.kind, rows):
            count = min(most, *Z.shape, max(1, len(Z) - 1))
            axes = turned(_axes(Z, count), rows.columns.names[own])
            found.append(Components(block, own, standard.mean, standard.spread, axes))
        return [FittedComponents(self.kind, tuple(part.first(one.components[0]) for part in found)) for one in variants]


def _axes(Z: Floats, count: int) -> Floats:
    """The directions in which rows (n, p) vary most, (p, count), of length 1, those of most variance first."""
    from scipy.linalg import eigh
    from sklearn.decomposition import PCA

    n, p = Z.shape
    centred = Z - Z.mean(axis=0)
    values, vectors = eigh(centred @ centred.T if n < p else centred.T @ centred, check_finite=False)
    values, vectors = values[::-1], vectors[:, ::-1]
    sharp = int(np.count_nonzero(values[:count] > _FLAT * values[0]))
    axes = [centred.T @ vectors[:, i] if n < p else vectors[:, i] for i in range(sharp)]  # each for itself
    found = np.array([one / np.linalg.norm(one) for one in axes]).reshape(sharp, p)
    if sharp < count:  # of so little variance that squares have lost it
        found = np.vstack([found, PCA(count, svd_solver="full").fit(Z).components_[sharp:]])
    return np.asarray(found.T)
