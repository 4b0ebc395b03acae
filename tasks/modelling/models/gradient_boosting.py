"""Gradient-boosted trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from features.core.kinds.endpoint import Predicted
from tasks.modelling.answers import among_levels, codes, is_finite, of_probability, softmax
from tasks.modelling.models.model import NUMERICAL, FittedModel, PathModel
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class GradientBoosting(PathModel):
    """Gradient-boosted trees of scikit-learn; the score is the log odds, or the value.

    Each of `trees` small trees mends what those before it left, by a small step; a split compares √p columns drawn at random,
    which at a hundred cases and a thousand columns is both quicker and less greedy. Inner folds choose after how many trees to
    stop; the settings are stages of one fit. Weights are impurity importances, which have no sign.
    Friedman, Ann Stat 2001;29:1189; Comput Stat Data Anal 2002;38:367.
    """

    kind: Literal["gradient_boosting"] = "gradient_boosting"
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "ordinal", "continuous"})
    scale_free: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("stop_after",)
    stop_after: tuple[PositiveInt, ...] = Field(
        (25, 50, 100, 200), min_length=1, title="Trees", description="how many trees grow; inner folds choose"
    )
    learning_rate: PositiveFloat = Field(0.05, le=1, title="Step", description="the share of each tree that counts")
    max_depth: PositiveInt = Field(2, title="Depth", description="columns that a tree may combine; 1: none")
    subsample: PositiveFloat = Field(1.0, le=1, title="Share of cases", description="drawn anew for each tree")

    def fit_variants(
        self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]
    ) -> list[FittedModel | Exception]:
        """One fit with the most trees; each setting is a stage of it."""
        from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor

        predicted = target.endpoint.predicted
        peer = GradientBoostingRegressor if predicted == "value" else GradientBoostingClassifier
        try:
            y = np.asarray(target.y, np.float64) if predicted == "value" else codes(target, self.kind)
            fitted = peer(
                n_estimators=max(one.stop_after[0] for one in variants),
                learning_rate=self.learning_rate,
                max_depth=self.max_depth,
                max_features="sqrt",
                subsample=self.subsample,
                random_state=seed,
            ).fit(is_finite(rows.X, self.kind), y)
        except NUMERICAL as error:
            return [error for _ in variants]
        levels = max(2, target.levels)
        return [FittedBoosting(fitted, one.stop_after[0], predicted, levels) for one in variants]


@dataclass(frozen=True, eq=False)
class FittedBoosting(FittedModel):
    """fitted: of scikit-learn, of which the first `trees` rounds count."""

    fitted: Any
    trees: int
    predicted: Predicted
    levels: int

    @property
    def grown(self) -> NDArray[Any]:
        """Trees, (rounds, classes); fewer rounds than asked for where nothing was left to mend."""
        return np.asarray(self.fitted.estimators_[: self.trees])

    def predict(self, rows: Rows) -> Prediction:
        X = is_finite(rows.X, "gradient_boosting")
        if self.predicted == "value":
            value = _at(self.fitted.staged_predict(X), self.trees)
            return Prediction(risk=value, value=value)
        odds = _at(self.fitted.staged_decision_function(X), self.trees)
        if self.predicted == "risk":
            return Prediction(risk=odds.reshape(-1))
        several = odds.reshape(len(rows), -1)
        several = np.column_stack([np.zeros(len(rows)), several]) if several.shape[1] == 1 else several
        return of_probability(among_levels(softmax(several), self.fitted.classes_, self.levels), self.predicted)

    def importance(self) -> Floats:
        found = np.zeros(self.fitted.n_features_in_)
        for tree in self.grown.ravel():
            found += tree.tree_.compute_feature_importances(normalize=False)
        total = found.sum()
        return found / total if total > 0 else found

    def state(self) -> dict[str, Any]:
        grown = [tree.tree_.__getstate__() for tree in self.grown.ravel()]
        return {
            "start": np.asarray(self.fitted._raw_predict_init(np.zeros((1, self.fitted.n_features_in_)))),
            "nodes": [one["nodes"].tobytes() for one in grown],
            "values": [one["values"] for one in grown],
        }


def _at(stages: Any, stage: int) -> Floats:
    """What the last of so many stages gives."""
    found = None
    for found in islice(stages, stage):  # noqa: B007 (the last one counts)
        pass
    return is_finite(np.asarray(found, np.float64), "gradient_boosting")
