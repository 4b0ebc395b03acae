"""Networks of columns as models: the outcome as they are fitted to it, and what they say as a prediction."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from features.core.errors import FitError
from features.core.kinds.endpoint import Predicted
from tasks.modelling.answers import among_levels, codes, is_finite, of_probability, softmax
from tasks.modelling.models.model import CLEANED, FittedModel, Model, Settings
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.solvers.network_training import Layers


class ColumnNetwork(Model):
    """What networks of columns share that predict anything but follow-up.

    layers: units of the hidden layers. skips: whether each of them adds to what it is given.
    """

    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "multilabel", "ordinal", "continuous"})
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (30,)})
    tuned: ClassVar[tuple[str, ...]] = ("weight_decay",)
    skips: ClassVar[bool] = False
    weight_decay: tuple[NonNegativeFloat, ...] = Field(
        (1.0, 0.1), min_length=1, title="Weight decay", description="draws weights towards zero; inner folds choose"
    )
    dropout: NonNegativeFloat = Field(0.2, lt=1, title="Dropout", description="share of units left out in each epoch")
    learning_rate: PositiveFloat = Field(0.01, title="Step", description="of the first epoch; it falls to 0")
    epochs: PositiveInt = Field(150, title="Epochs", description="how often all cases are seen")
    loss: Literal["cross_entropy", "hinge"] = Field(
        "cross_entropy", title="Loss", description="hinge: for two classes alone; of a number it is the squared error"
    )

    @property
    @abstractmethod
    def layers(self) -> tuple[int, ...]: ...

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedNetwork:
        """Raises ValueError where all cases are of one class, FitError for a hinge of more than two."""
        from tasks.modelling.solvers.network_training import train_layers

        predicted = target.endpoint.predicted
        if self.loss == "hinge" and predicted != "risk":
            raise FitError(
                f"{self.kind}: loss hinge gives no probabilities, and is for two classes alone; allowed: cross_entropy"
            )
        seen, middle, spread = np.arange(max(2, target.levels)), 0.0, 1.0
        alike = np.empty(0)
        if predicted == "value":
            y = np.asarray(target.y, np.float64)
            middle, spread = float(y.mean()), float(y.std()) or 1.0
            wanted = ((y - middle) / spread)[:, None]
        elif predicted == "labels":
            wanted = np.asarray(target.y, np.float64)
            alike = np.where(wanted.min(axis=0) == wanted.max(axis=0), wanted[0], np.nan)
        else:
            seen, own = np.unique(codes(target, self.kind), return_inverse=True)
            wanted = own.astype(np.float64)[:, None] if predicted == "risk" else np.eye(len(seen))[own]
        losses = {"risk": "hinge" if self.loss == "hinge" else "logistic", "value": "squared", "labels": "logistic"}
        layers = train_layers(
            is_finite(rows.X, self.kind),
            wanted,
            hidden=self.layers,
            loss=losses.get(predicted, "softmax"),  # type: ignore[arg-type]
            skips=self.skips,
            dropout=self.dropout,
            weight_decay=self.weight_decay[0],
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            seed=seed,
        )
        return FittedNetwork(layers, self.kind, predicted, max(2, target.levels), seen, middle, spread, alike)


@dataclass(frozen=True, eq=False)
class FittedNetwork(FittedModel):
    """middle, spread: of the number that is predicted, which the network sees in units of its spread. alike: of each label what
    all training cases had, which is then the answer; NaN where they had both.
    """

    layers: Layers
    kind: str
    predicted: Predicted
    levels: int
    seen: NDArray[np.intp]
    middle: float
    spread: float
    alike: Floats

    def predict(self, rows: Rows) -> Prediction:
        told = is_finite(self.layers.predict(is_finite(rows.X, self.kind)), self.kind)
        if self.predicted == "risk":
            return Prediction(risk=told[:, 0])
        if self.predicted == "value":
            value = self.middle + self.spread * told[:, 0]
            return Prediction(risk=value, value=value)
        if self.predicted == "labels":
            likely = np.where(np.isnan(self.alike), 0.5 * (1.0 + np.tanh(0.5 * told)), self.alike)
            return of_probability(likely, self.predicted)
        return of_probability(among_levels(softmax(told), self.seen, self.levels), self.predicted)

    def importance(self) -> Floats:
        return np.full(self.layers.weights[0].shape[1], np.nan)

    def state(self) -> dict[str, Any]:
        layers = {"weights": self.layers.weights, "biases": self.layers.biases}
        return {**layers, "seen": self.seen, "middle": self.middle, "spread": self.spread, "alike": self.alike}
