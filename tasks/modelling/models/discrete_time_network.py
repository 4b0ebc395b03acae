"""Discrete-time network: the hazard of every event in each of several intervals of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.models.model import CLEANED, FittedModel, Model, Settings
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.solvers.network_training import Layers
    from tasks.modelling.solvers.survival_losses import Intervals


class DiscreteTimeNetwork(Model):
    """Network of rectified linear units that tells the hazard in each interval of time, of each cause where events compete (torch).

    A ridge penalty is part of the loss. Hazards need not be proportional. Intervals hold about as many training events each;
    within one the hazard runs as that of all training cases. The score follows the mean incidence of the event of interest over
    the days with events. Columns have no weights. Gensheimer & Narasimhan, PeerJ 2019;7:e6257; Lee et al., AAAI 2018.
    """

    kind: Literal["discrete_time_network"] = "discrete_time_network"
    compared: ClassVar[Compared] = Compared(
        "logistic regressions of scikit-learn, without hidden layers, on nki70",
        "5e-3",
        "tasks/modelling/solvers/test_survival_losses.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (30,)})
    tuned: ClassVar[tuple[str, ...]] = ("penalty",)
    intervals: PositiveInt = Field(4, title="Intervals", description="of time, at most; few where events are few")
    hidden: tuple[PositiveInt, ...] = Field((16,), min_length=1, title="Hidden layers", description="units of each")
    penalty: tuple[NonNegativeFloat, ...] = Field(
        (0.1, 0.03), min_length=1, title="Penalty", description="on half of the squares of weights; inner folds choose"
    )
    dropout: NonNegativeFloat = Field(0.2, lt=1, title="Dropout", description="share of units left out in each epoch")
    learning_rate: PositiveFloat = Field(0.05, title="Step", description="of the first epoch; it falls to 0")
    epochs: PositiveInt = Field(150, title="Epochs", description="how often all cases are seen")

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedDiscreteTimeNetwork:
        """Raises ArithmeticError where the loss is not finite, MachineError without torch."""
        from tasks.modelling.solvers.network_training import minimise_loss
        from tasks.modelling.solvers.survival_losses import cut_intervals, interval_loss

        intervals = cut_intervals(target.outcome, self.intervals)
        layers = minimise_loss(
            rows.X,
            interval_loss(target.outcome, intervals),
            outputs=intervals.outputs,
            hidden=self.hidden,
            skips=False,
            dropout=self.dropout,
            weight_decay=0.0,
            penalty=self.penalty[0],
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            seed=seed,
        )
        return FittedDiscreteTimeNetwork(layers, intervals)


@dataclass(frozen=True, eq=False)
class FittedDiscreteTimeNetwork(FittedModel):
    """The network, and the intervals that its outputs are of."""

    layers: Layers
    intervals: Intervals

    def predict(self, rows: Rows) -> Prediction:
        told = self.layers.predict(rows.X)
        if not np.isfinite(told).all():
            raise ArithmeticError("discrete_time_network gave scores that are not finite")
        curves = self.intervals.incidence(told)
        mean = np.clip(curves.value[:, 0].mean(axis=1), 1e-12, 1 - 1e-12)
        return Prediction(risk=np.log(-np.log1p(-mean)), incidence=curves)

    def importance(self) -> Floats:
        return np.full(self.layers.weights[0].shape[1], np.nan)

    def state(self) -> dict[str, Any]:
        return {"weights": self.layers.weights, "biases": self.layers.biases, **self.intervals.state()}
