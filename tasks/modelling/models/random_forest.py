"""Random forest."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PositiveInt

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from features.core.kinds.endpoint import Predicted
from tasks.modelling.models.model import FittedModel, Model
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.solvers.forest import Forest


class RandomForest(Model):
    """Random forest; the score is the mean leaf share of positives, or the mean value of leaves.

    A split compares √p columns drawn at random, a third of them where a number is predicted. One candidate by default: forests
    gain little from tuning. Weights are impurity importances (they favour columns of many values; they have no sign).
    Breiman, Mach Learn 2001;45:5.
    """

    kind: Literal["random_forest"] = "random_forest"
    compared: ClassVar[Compared] = Compared(
        "RandomForestClassifier of scikit-learn on WORC-Lipo, another draw of 400 trees",
        "mean 0.03",
        "contracts/test_model_peers.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "multilabel", "ordinal", "continuous"})
    usual: ClassVar[bool] = True
    scale_free: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("min_samples_leaf",)
    trees: PositiveInt = Field(100, title="Trees", description="how many trees grow")
    min_samples_leaf: tuple[PositiveInt, ...] = Field(
        (3,), min_length=1, title="Smallest leaf", description="cases that a leaf needs; inner folds choose"
    )
    class_weight: Literal["none", "balanced"] = Field(
        "none",
        title="Class weights",
        description="balanced: trees grow as if classes were equally common; probabilities are corrected for that",
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedForest:
        from tasks.modelling.solvers.forest import grow_forest

        predicted = target.endpoint.predicted
        wanted = np.asarray(target.y)
        if predicted in ("classes", "ranks"):
            wanted = np.eye(target.levels)[wanted]
        wanted = wanted.astype(np.float64).reshape(len(rows), -1)
        weights = prior = None
        if self.class_weight == "balanced":
            if predicted in ("labels", "value"):
                raise FitError("random_forest: only one class of each case can be balanced, not labels and not numbers")
            weights, prior = _balanced(wanted)
        columns = rows.X.shape[1]
        tried = columns // 3 if predicted == "value" else int(np.sqrt(columns))
        least = self.min_samples_leaf[0]
        forest = grow_forest(
            rows.X, wanted, weights=weights, trees=self.trees, tried=max(1, tried), least=least, seed=seed
        )
        return FittedForest(forest, predicted, prior)


@dataclass(frozen=True, eq=False)
class FittedForest(FittedModel):
    """prior: how often each class was seen in training where trees grew as if all were equally common, (m,); else None."""

    forest: Forest
    predicted: Predicted
    prior: Floats | None = None

    def predict(self, rows: Rows) -> Prediction:
        told = self.forest.predict(rows.X)
        if self.prior is not None:
            told = _with_prior(told, self.prior)
        if self.predicted == "risk":
            return Prediction(risk=told[:, 0])
        if self.predicted == "value":
            return Prediction(risk=told[:, 0], value=told[:, 0])
        if self.predicted == "ranks":
            return Prediction(risk=(told * np.arange(told.shape[1])).sum(axis=1), probability=told)
        return Prediction(probability=told)

    def importance(self) -> Floats:
        return self.forest.importance

    def state(self) -> dict[str, Any]:
        grown = {one.name: getattr(self.forest, one.name) for one in fields(self.forest)}
        return {**grown, "prior": self.prior}


def _balanced(wanted: Floats) -> tuple[Floats, Floats]:
    """Weights of rows, (n,), that make the classes that occur equally common; how common each is, (m,)."""
    classes = np.column_stack([wanted, 1.0 - wanted]) if wanted.shape[1] == 1 else wanted
    prior = classes.mean(axis=0)
    weight = np.divide(1.0, prior * (prior > 0).sum(), out=np.zeros(len(prior)), where=prior > 0)
    return (classes * weight).sum(axis=1), prior


def _with_prior(told: Floats, prior: Floats) -> Floats:
    """Probabilities under equally common classes, as they are under the prior (Elkan, IJCAI 2001;973)."""
    alone = told.shape[1] == 1
    scaled: Floats = (np.column_stack([told, 1.0 - told]) if alone else told) * prior
    scaled = scaled / scaled.sum(axis=1, keepdims=True)
    return scaled[:, :1] if alone else scaled
