"""Random survival forest."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.models.model import FittedModel, Model
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.solvers.forest import Forest
    from tasks.modelling.solvers.leaf_curves import LeafCurves


class SurvivalForest(Model):
    """Random survival forest; the score is the mean of the cumulative hazard over the days with an event;
    curves are the mean of those of the leaves, with all causes where events compete.

    A split compares √p columns drawn at random by log-rank scores. One candidate by default: forests gain little from tuning.
    Weights are each column's share of what splits take away of the scores' variance (they have no sign).
    Ishwaran et al., Ann Appl Stat 2008;2:841.
    """

    kind: Literal["survival_forest"] = "survival_forest"
    compared: ClassVar[Compared] = Compared(
        "RandomSurvivalForest of scikit-survival on nki70, another draw of trees",
        "curves, mean 0.05",
        "tasks/modelling/models/test_survival_forest.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
    keeps_cases: ClassVar[bool] = True
    usual: ClassVar[bool] = True
    scale_free: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("min_samples_leaf",)
    trees: PositiveInt = Field(100, title="Trees", description="how many trees grow")
    min_samples_leaf: tuple[PositiveInt, ...] = Field(
        (3,), min_length=1, title="Smallest leaf", description="cases that a leaf needs; inner folds choose"
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedSurvivalForest:
        from tasks.modelling.solvers.forest import grow_survival_forest
        from tasks.modelling.solvers.leaf_curves import leaf_curves

        tried, least = max(1, int(np.sqrt(rows.X.shape[1]))), self.min_samples_leaf[0]
        event, time = target.y["event"], target.y["time"]
        forest = grow_survival_forest(rows.X, event, time, trees=self.trees, tried=tried, least=least, seed=seed)
        return FittedSurvivalForest(forest, leaf_curves(forest, rows.X, target.outcome, seed))


@dataclass(frozen=True, eq=False)
class FittedSurvivalForest(FittedModel):
    """Trees whose leaves hold the mean of their cumulative hazard, and who trained each leaf."""

    forest: Forest
    curves: LeafCurves

    def predict(self, rows: Rows) -> Prediction:
        return Prediction(risk=self.forest.predict(rows.X)[:, 0], incidence=self.curves.incidence(self.forest, rows.X))

    def importance(self) -> Floats:
        return self.forest.importance

    def state(self) -> dict[str, Any]:
        return {one.name: getattr(part, one.name) for part in (self.forest, self.curves) for one in fields(part)}
