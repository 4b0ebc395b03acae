"""Random forest."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveInt

from features.core.kinds.endpoint import Predicted
from tasks.modelling.estimators.estimated import EstimatedModel
from tasks.modelling.rows import Floats

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor


class RandomForest(EstimatedModel):
    """Random forest, classes weighted alike; the score is the mean leaf share of positives, or the mean value of leaves.

    One candidate by default: forests gain little from tuning and cost most of a study's time.
    Weights are impurity importances (they favour columns of many values; they have no sign).
    Breiman, Mach Learn 2001;45:5.
    """

    kind: Literal["random_forest"] = "random_forest"
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "multilabel", "ordinal", "continuous"})
    tuned: ClassVar[tuple[str, ...]] = ("min_samples_leaf",)
    trees: PositiveInt = Field(100, title="Trees", description="how many trees grow")
    min_samples_leaf: tuple[PositiveInt, ...] = Field(
        (3,), min_length=1, title="Smallest leaf", description="cases that a leaf needs; inner folds choose"
    )

    def estimator(self, seed: int, predicted: Predicted) -> RandomForestClassifier | RandomForestRegressor:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        if predicted == "value":
            return RandomForestRegressor(
                n_estimators=self.trees, min_samples_leaf=self.min_samples_leaf[0], n_jobs=1, random_state=seed
            )
        return RandomForestClassifier(
            n_estimators=self.trees,
            min_samples_leaf=self.min_samples_leaf[0],
            class_weight="balanced",
            n_jobs=1,
            random_state=seed,
        )

    def weights(self, estimator: RandomForestClassifier | RandomForestRegressor) -> Floats:
        return np.asarray(estimator.feature_importances_, dtype=np.float64)
