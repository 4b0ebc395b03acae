"""Gradient-boosted trees of follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.models.model import NUMERICAL, FittedModel, PathModel
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.solvers.baseline import Baseline
    from tasks.modelling.solvers.peer_trees import PeerTrees


class GradientBoostingSurvival(PathModel):
    """Gradient-boosted regression trees with Cox's partial likelihood; the score is the log hazard ratio.

    scikit-survival's GradientBoostingSurvivalAnalysis; curves have Breslow's baseline. A split looks at √p columns drawn at
    random, or at all. Weights are impurity importances (they have no sign). stop_after: boosting that stops early learns less by
    heart; all settings are stages of one run. Ridgeway, Comput Sci Stat 1999;31:172; Friedman, Ann Stat 2001;29:1189.
    """

    kind: Literal["gradient_boosting_survival"] = "gradient_boosting_survival"
    compared: ClassVar[Compared] = Compared(
        "GradientBoostingSurvivalAnalysis of scikit-survival on nki70 and vdv",
        "1e-12",
        "tasks/modelling/models/test_gradient_boosting_survival.py",
    )
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
        from tasks.modelling.solvers.peer_trees import PeerTrees, single

        X = single(rows.X)
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
        trees = [one.tree_ for one in boosting.estimators_[:, 0]]
        found: dict[int, FittedModel | Exception] = {}
        each = PeerTrees.of(trees).each(rows.X)[:, :, 0] * self.learning_rate
        for size in dict.fromkeys(one.stop_after[0] for one in variants):
            weights = np.sum([tree.compute_feature_importances(normalize=False) for tree in trees[:size]], axis=0)
            whole = float(weights.sum())
            share = weights / whole if whole > 0 else weights
            baseline = fit_baseline(each[:size].sum(axis=0), target.outcome)
            found[size] = FittedBoosting(PeerTrees.of(trees[:size]), self.learning_rate, share, baseline)
        return [found[one.stop_after[0]] for one in variants]


@dataclass(frozen=True, eq=False)
class FittedBoosting(FittedModel):
    """The trees that were kept, what each is multiplied by, and hazards of training cases at the score 0."""

    trees: PeerTrees
    learning_rate: float
    weights: Floats
    baseline: Baseline

    def predict(self, rows: Rows) -> Prediction:
        risk = self.trees.each(rows.X)[:, :, 0].sum(axis=0) * self.learning_rate
        if not np.isfinite(risk).all():
            raise ArithmeticError("gradient boosting gave scores that are not finite")
        return Prediction(risk=risk, incidence=self.baseline.incidence(risk))

    def importance(self) -> Floats:
        return self.weights

    def state(self) -> dict[str, Any]:
        return {"trees": asdict(self.trees), "weights": self.weights, **self.baseline.state()}
