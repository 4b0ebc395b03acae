"""Gradient-boosted trees of follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from tasks.modelling.models.model import NUMERICAL, FittedModel, PathModel
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.solvers.baseline import Baseline


class GradientBoostingSurvival(PathModel):
    """Gradient-boosted regression trees with Cox's partial likelihood; the score is the log hazard ratio.

    scikit-survival's GradientBoostingSurvivalAnalysis; curves have Breslow's baseline. A split looks at √p columns drawn at
    random, or at all. Weights are impurity importances (they have no sign). stop_after: boosting that stops early learns less by
    heart; all settings are stages of one run. Ridgeway, Comput Sci Stat 1999;31:172; Friedman, Ann Stat 2001;29:1189.
    """

    kind: Literal["gradient_boosting_survival"] = "gradient_boosting_survival"
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
    scale_free: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("stop_after",)
    stop_after: tuple[PositiveInt, ...] = Field(
        (25, 50, 100), min_length=1, title="Trees", description="how many trees grow; inner folds choose"
    )
    learning_rate: PositiveFloat = Field(0.1, title="Learning rate", description="what each tree is multiplied by")
    max_depth: PositiveInt = Field(2, title="Depth", description="splits between the root and a leaf")
    min_samples_leaf: PositiveInt = Field(3, title="Smallest leaf", description="cases that a leaf needs")
    max_features: Literal["sqrt", "all"] = Field("sqrt", title="Columns", description="columns that a split compares")

    def fit_variants(
        self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]
    ) -> list[FittedModel | Exception]:
        """One run for all settings, of which each takes the first trees."""
        from sksurv.ensemble import GradientBoostingSurvivalAnalysis

        from tasks.modelling.solvers.baseline import fit_baseline

        X = np.asarray(rows.X, np.float32)
        boosting = GradientBoostingSurvivalAnalysis(
            n_estimators=max(one.stop_after[0] for one in variants),
            learning_rate=self.learning_rate,
            max_depth=self.max_depth,
            min_samples_leaf=self.min_samples_leaf,
            max_features="sqrt" if self.max_features == "sqrt" else None,
            random_state=seed % 2**32,
        )
        try:
            boosting.fit(X, target.y)
        except NUMERICAL as error:
            return [error for _ in variants]
        trees = [_Tree.of(tree.tree_) for tree in boosting.estimators_[:, 0]]
        found: dict[int, FittedModel | Exception] = {}
        each = np.stack([tree.predict(X) for tree in trees]) * self.learning_rate
        for size in dict.fromkeys(one.stop_after[0] for one in variants):
            risk = each[:size].sum(axis=0)
            raw = [tree.tree_ for tree in boosting.estimators_[:size, 0]]
            weights = np.sum([tree.compute_feature_importances(normalize=False) for tree in raw], axis=0)
            whole = float(weights.sum())
            share = weights / whole if whole > 0 else weights
            baseline = fit_baseline(risk, target.outcome)
            found[size] = FittedBoosting(tuple(trees[:size]), self.learning_rate, share, baseline)
        return [found[one.stop_after[0]] for one in variants]


@dataclass(frozen=True, eq=False)
class _Tree:
    """Nodes: column asked, (nodes,), below 0 of a leaf; cases above the threshold go right; children; value of leaves."""

    column: NDArray[np.intp]
    threshold: Floats
    left: NDArray[np.intp]
    right: NDArray[np.intp]
    value: Floats

    @classmethod
    def of(cls, tree: Any) -> _Tree:
        return cls(
            tree.feature.astype(np.intp),
            tree.threshold.copy(),
            tree.children_left.astype(np.intp),
            tree.children_right.astype(np.intp),
            tree.value[:, 0, 0].copy(),
        )

    def predict(self, X: NDArray[np.float32]) -> Floats:
        """The value of the leaf of each case, (n,). X: (n, p) in single precision, as the trees grew."""
        node, row = np.zeros(len(X), np.intp), np.arange(len(X))
        while True:
            asks = self.column[node] >= 0
            if not asks.any():
                found: Floats = self.value[node]
                return found
            right = X[row, np.maximum(self.column[node], 0)] > self.threshold[node]
            node = np.where(asks, np.where(right, self.right[node], self.left[node]), node)


@dataclass(frozen=True, eq=False)
class FittedBoosting(FittedModel):
    """The trees that were kept, what each is multiplied by, and the hazards of training cases at the score 0."""

    trees: tuple[_Tree, ...]
    learning_rate: float
    weights: Floats
    baseline: Baseline

    def predict(self, rows: Rows) -> Prediction:
        X = np.asarray(rows.X, np.float32)
        risk = np.sum([tree.predict(X) for tree in self.trees], axis=0) * self.learning_rate
        if not np.isfinite(risk).all():
            raise ArithmeticError("gradient boosting gave scores that are not finite")
        return Prediction(risk=risk, incidence=self.baseline.incidence(risk))

    def importance(self) -> Floats:
        return self.weights

    def state(self) -> dict[str, Any]:
        trees = [(t.column, t.threshold, t.left, t.right, t.value) for t in self.trees]
        return {"trees": trees, "weights": self.weights, **self.baseline.state()}
