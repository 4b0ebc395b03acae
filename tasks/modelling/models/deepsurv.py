"""DeepSurv: a network in the place of Cox's linear predictor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.models.model import CLEANED, FittedModel, Model, Settings
from tasks.modelling.prediction import Prediction
from tasks.modelling.rows import Floats, Rows
from tasks.modelling.target import Target

if TYPE_CHECKING:
    from tasks.modelling.solvers.baseline import Baseline
    from tasks.modelling.solvers.network_training import Layers


class DeepSurv(Model):
    """Network of rectified linear units with Cox's partial likelihood (torch); the score is the log hazard ratio.

    Fitted to all training cases in every epoch, with dropout and a ridge penalty in the loss; curves have Breslow's baseline.
    Columns have no weights. Katzman et al., BMC Med Res Methodol 2018;18:24.
    """

    kind: Literal["deepsurv"] = "deepsurv"
    compared: ClassVar[Compared] = Compared(
        "ridge Cox regression of scikit-survival, without hidden layers, on nki70",
        "2e-3",
        "tasks/modelling/solvers/test_survival_losses.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset({"survival", "competing_risks"})
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (30,)})
    tuned: ClassVar[tuple[str, ...]] = ("penalty",)
    hidden: tuple[PositiveInt, ...] = Field((16,), min_length=1, title="Hidden layers", description="units of each")
    penalty: tuple[NonNegativeFloat, ...] = Field(
        (0.3, 0.1), min_length=1, title="Penalty", description="on half of the squares of weights; inner folds choose"
    )
    dropout: NonNegativeFloat = Field(0.2, lt=1, title="Dropout", description="share of units left out in each epoch")
    learning_rate: PositiveFloat = Field(0.02, title="Step", description="of the first epoch; it falls to 0")
    epochs: PositiveInt = Field(200, title="Epochs", description="how often all cases are seen")

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedDeepSurv:
        """Raises ArithmeticError where the loss is not finite, MachineError without torch."""
        from tasks.modelling.solvers.baseline import fit_baseline
        from tasks.modelling.solvers.network_training import minimise_loss
        from tasks.modelling.solvers.survival_losses import cox_loss

        layers = minimise_loss(
            rows.X,
            cox_loss(target.y["event"], target.y["time"]),
            outputs=1,
            hidden=self.hidden,
            skips=False,
            dropout=self.dropout,
            weight_decay=0.0,
            penalty=self.penalty[0],
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            seed=seed,
        )
        level = float(layers.predict(rows.X)[:, 0].mean())  # the likelihood leaves it open; risk groups compare fits
        layers = replace(layers, biases=(*layers.biases[:-1], layers.biases[-1] - level))
        return FittedDeepSurv(layers, fit_baseline(layers.predict(rows.X)[:, 0], target.outcome))


@dataclass(frozen=True, eq=False)
class FittedDeepSurv(FittedModel):
    """The network, and the hazards of training cases at its score 0."""

    layers: Layers
    baseline: Baseline

    def predict(self, rows: Rows) -> Prediction:
        risk = self.layers.predict(rows.X)[:, 0]
        if not np.isfinite(risk).all():
            raise ArithmeticError("deepsurv gave scores that are not finite")
        return Prediction(risk=risk, incidence=self.baseline.incidence(risk))

    def importance(self) -> Floats:
        return np.full(self.layers.weights[0].shape[1], np.nan)

    def state(self) -> dict[str, Any]:
        return {"weights": self.layers.weights, "biases": self.layers.biases, **self.baseline.state()}
