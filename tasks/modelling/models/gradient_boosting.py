"""Gradient-boosted trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt

from features.core.kinds.compared import Compared
from features.core.kinds.endpoint import Predicted
from tasks.modelling.answers import among_levels, codes, is_finite, of_probability, softmax
from tasks.modelling.models.model import NUMERICAL, FittedModel, PathModel
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.solvers.peer_trees import PeerTrees


class GradientBoosting(PathModel):
    """Gradient-boosted trees of scikit-learn; the score is the log odds, or the value.

    Each of `trees` small trees mends what those before it left, by a small step; a split compares √p columns drawn at random,
    which at a hundred cases and a thousand columns is both quicker and less greedy. Inner folds choose after how many trees to
    stop; the settings are stages of one fit. Weights are impurity importances, which have no sign.
    Friedman, Ann Stat 2001;29:1189; Comput Stat Data Anal 2002;38:367.
    """

    kind: Literal["gradient_boosting"] = "gradient_boosting"
    compared: ClassVar[Compared] = Compared(
        "GradientBoostingClassifier and -Regressor of scikit-learn on WORC-Lipo",
        "1e-9",
        "contracts/test_model_peers.py",
    )
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

        from tasks.modelling.solvers.peer_trees import single

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
            ).fit(single(is_finite(rows.X, self.kind)), y)
        except NUMERICAL as error:
            return [error for _ in variants]
        levels = 0 if predicted == "value" else max(2, target.levels)
        seen = np.empty(0, np.intp) if predicted == "value" else np.asarray(fitted.classes_, np.intp)
        start = np.asarray(fitted._raw_predict_init(np.zeros((1, rows.X.shape[1]))), np.float64)[0]
        sizes = dict.fromkeys(one.stop_after[0] for one in variants)
        stages = {size: _stage(fitted.estimators_[:size], start, self.learning_rate) for size in sizes}
        weights = {size: _importances(fitted.estimators_[:size]) for size in sizes}
        return [
            FittedBoosting(stages[size], weights[size], seen, levels, predicted)
            for size in (one.stop_after[0] for one in variants)
        ]


@dataclass(frozen=True, eq=False)
class Stage:
    """The rounds that count. start: (k,) what is told before any. trees: of all rounds, k in each. learning_rate: what each is
    multiplied by.
    """

    start: Floats
    trees: PeerTrees
    learning_rate: float

    def scores(self, X: Floats) -> Floats:
        """Log odds or values, (n, k), added up round by round."""
        k = len(self.start)
        found = np.tile(self.start, (len(X), 1))
        for i, told in enumerate(self.trees.each(X)):
            found[:, i % k] += self.learning_rate * told[:, 0]
        return is_finite(found, "gradient_boosting")


def _stage(grown: NDArray[Any], start: Floats, learning_rate: float) -> Stage:
    """Of so many rounds, fewer where nothing was left to mend."""
    from tasks.modelling.solvers.peer_trees import PeerTrees

    return Stage(start, PeerTrees.of(one.tree_ for one in grown.ravel()), learning_rate)


def _importances(grown: NDArray[Any]) -> Floats:
    found = np.sum([one.tree_.compute_feature_importances(normalize=False) for one in grown.ravel()], axis=0)
    total = found.sum()
    return np.asarray(found / total if total > 0 else found, np.float64)


@dataclass(frozen=True, eq=False)
class FittedBoosting(FittedModel):
    """weights: (p,) impurity importances. seen: the classes or ranks that training had, of `levels`; none of a number."""

    stage: Stage
    weights: Floats
    seen: NDArray[np.intp]
    levels: int
    predicted: Predicted

    def predict(self, rows: Rows) -> Prediction:
        scores = self.stage.scores(is_finite(rows.X, "gradient_boosting"))
        if self.predicted == "value":
            return Prediction(risk=scores[:, 0], value=scores[:, 0])
        if self.predicted == "risk":
            return Prediction(risk=scores[:, 0])
        several = np.column_stack([np.zeros(len(rows)), scores]) if scores.shape[1] == 1 else scores
        return of_probability(among_levels(softmax(several), self.seen, self.levels), self.predicted)

    def importance(self) -> Floats:
        return self.weights

    def state(self) -> dict[str, Any]:
        return {**asdict(self.stage), "weights": self.weights, "seen": self.seen}
