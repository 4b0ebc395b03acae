"""Extremely randomised trees."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveInt

from features.core.kinds.compared import Compared
from features.core.kinds.endpoint import Predicted
from tasks.modelling.answers import indicators, is_finite, of_indicators
from tasks.modelling.models.model import FittedModel, Model
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.solvers.peer_trees import PeerTrees


class ExtraTrees(Model):
    """Extremely randomised trees of scikit-learn; the score is the mean leaf share of positives, or the mean value of leaves.

    A split compares √p columns drawn at random, a third of them where a number is predicted, each at one random threshold; every
    tree grows on all cases. Less variance than a random forest, and columns of many values have no advantage. Weights are impurity
    importances, which have no sign. Geurts et al., Mach Learn 2006;63:3.
    """

    kind: Literal["extra_trees"] = "extra_trees"
    compared: ClassVar[Compared] = Compared(
        "ExtraTreesClassifier of scikit-learn on WORC-Lipo, another draw of 400 trees",
        "mean 0.02",
        "contracts/test_model_peers.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "multilabel", "ordinal", "continuous"})
    scale_free: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("min_samples_leaf",)
    trees: PositiveInt = Field(100, title="Trees", description="how many trees grow")
    min_samples_leaf: tuple[PositiveInt, ...] = Field(
        (3,), min_length=1, title="Smallest leaf", description="cases that a leaf needs; inner folds choose"
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedExtraTrees:
        from sklearn.ensemble import ExtraTreesRegressor

        from tasks.modelling.solvers.peer_trees import PeerTrees, single

        predicted = target.endpoint.predicted
        wanted = indicators(target)  # the variance of 0 and 1 of classes is their Gini impurity
        tried = rows.X.shape[1] // 3 if predicted == "value" else int(np.sqrt(rows.X.shape[1]))
        forest = ExtraTreesRegressor(
            self.trees,
            min_samples_leaf=self.min_samples_leaf[0],
            max_features=max(1, tried),
            random_state=seed,
            n_jobs=1,
        )
        forest.fit(single(is_finite(rows.X, self.kind)), wanted if wanted.shape[1] > 1 else wanted[:, 0])
        grown = PeerTrees.of(one.tree_ for one in forest.estimators_)
        return FittedExtraTrees(grown, np.asarray(forest.feature_importances_, np.float64), predicted)


@dataclass(frozen=True, eq=False)
class FittedExtraTrees(FittedModel):
    """trees: grown to indicators of classes or to a number. weights: (p,) impurity importances."""

    trees: PeerTrees
    weights: Floats
    predicted: Predicted

    def predict(self, rows: Rows) -> Prediction:
        told = self.trees.each(is_finite(rows.X, "extra_trees"))
        return of_indicators(told.sum(axis=0) / len(self.trees), self.predicted)

    def importance(self) -> Floats:
        return self.weights

    def state(self) -> dict[str, Any]:
        return {"trees": asdict(self.trees), "weights": self.weights}
