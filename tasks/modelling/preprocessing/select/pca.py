"""Columns condensed to principal components, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

from pydantic import Field, PositiveInt

from tasks.modelling.preprocessing.components import Components, FittedComponents, columns_of_block, turned
from tasks.modelling.preprocessing.ranker import finite
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class Pca(Step):
    """The columns of each block become its first principal components, which vary most among the training cases.

    Columns are standardised first. The outcome has no part in it. Their names are BLOCK_pca_01 and on; the largest loading of
    each is positive. PCA of scikit-learn, exact.
    """

    kind: Literal["pca"] = "pca"
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
        from sklearn.decomposition import PCA

        finite(self.kind, rows)
        most = max(one.components[0] for one in variants)
        found = []
        for block, own, standard, Z in columns_of_block(self.kind, rows):
            count = min(most, *Z.shape, max(1, len(Z) - 1))
            axes = PCA(count, svd_solver="full").fit(Z).components_.T
            axes = turned(axes, rows.columns.names[own])
            found.append(Components(block, own, standard.mean, standard.spread, axes))
        return [FittedComponents(self.kind, tuple(part.first(one.components[0]) for part in found)) for one in variants]
