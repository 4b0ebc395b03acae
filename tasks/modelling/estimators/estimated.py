"""Models whose fitting is an estimator of scikit-learn."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from features.core.kinds.endpoint import Endpoint, Predicted
from tasks.modelling.models.model import FittedModel, Model
from tasks.modelling.prediction import Prediction, predict
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target


class EstimatedModel(Model):
    """A model that names an estimator, and how its weights are read off."""

    @abstractmethod
    def estimator(self, seed: int, predicted: Predicted) -> Any:
        """The unfitted estimator with the first setting of every tuned field. predicted: what the endpoint asks for."""

    @abstractmethod
    def weights(self, estimator: Any) -> Floats:
        """As FittedModel.importance, of the fitted estimator."""

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedModel:
        estimator = self.estimator(seed, target.endpoint.predicted)
        estimator.fit(rows.X, target.y)
        return Estimated(self, estimator, target.endpoint, target.levels)


@dataclass(frozen=True, eq=False)
class Estimated(FittedModel):
    """A fitted estimator. levels: how many classes, ranks or labels the outcome has."""

    model: EstimatedModel
    estimator: Any
    endpoint: Endpoint
    levels: int

    def predict(self, rows: Rows) -> Prediction:
        return predict(self.estimator, rows.X, self.endpoint, self.levels)

    def importance(self) -> Floats:
        return self.model.weights(self.estimator)

    def state(self) -> dict[str, Any]:
        return {"estimator": self.estimator}
