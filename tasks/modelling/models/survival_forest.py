"""Random survival forest."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveInt

from features.core.kinds.endpoint import Predicted
from tasks.modelling.estimators.estimated import EstimatedModel
from tasks.modelling.models.model import CLEANED, Settings
from tasks.modelling.rows import Floats

if TYPE_CHECKING:
    from sksurv.ensemble import RandomSurvivalForest


class SurvivalForest(EstimatedModel):
    """Random survival forest; the score is the expected number of events (sum of the cumulative hazard).

    One candidate by default: forests gain little from tuning and cost most of a study's time.
    Weights are the share of all splits that a column makes (scikit-survival offers no impurity importance).
    Ishwaran et al., Ann Appl Stat 2008;2:841.
    """

    kind: Literal["survival_forest"] = "survival_forest"
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
    tuned: ClassVar[tuple[str, ...]] = ("min_samples_leaf",)
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (20,)})
    trees: PositiveInt = Field(100, title="Trees", description="how many trees grow")
    min_samples_leaf: tuple[PositiveInt, ...] = Field(
        (3,), min_length=1, title="Smallest leaf", description="cases that a leaf needs; inner folds choose"
    )

    def estimator(self, seed: int, predicted: Predicted) -> RandomSurvivalForest:  # noqa: ARG002 (one answer)
        from sksurv.ensemble import RandomSurvivalForest

        return RandomSurvivalForest(
            n_estimators=self.trees,
            min_samples_leaf=self.min_samples_leaf[0],
            low_memory=True,
            n_jobs=1,
            random_state=seed,
        )

    def weights(self, estimator: RandomSurvivalForest) -> Floats:
        splits = np.concatenate([tree.tree_.feature for tree in estimator.estimators_])
        counts = np.bincount(splits[splits >= 0], minlength=estimator.n_features_in_)
        return np.asarray(counts / max(1, counts.sum()), dtype=np.float64)
