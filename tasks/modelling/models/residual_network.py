"""Residual network of columns."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from tasks.modelling.models.model import CLEANED, Model, Settings
from tasks.modelling.networks import FittedNetwork, fit_network
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class ResidualNetwork(Model):
    """A deeper network of columns (torch): layers of one width, each of which adds to what it is given.

    depth: hidden layers; the score and the loss are those of multilayer_perceptron, as is how it is fitted. Columns have no
    weights. He et al., CVPR 2016; Gorishniy et al., NeurIPS 2021.
    """

    kind: Literal["residual_network"] = "residual_network"
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "multilabel", "ordinal", "continuous"})
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (30,)})
    tuned: ClassVar[tuple[str, ...]] = ("weight_decay",)
    depth: PositiveInt = Field(4, ge=2, title="Depth", description="hidden layers")
    width: PositiveInt = Field(32, title="Width", description="units of each hidden layer")
    weight_decay: tuple[NonNegativeFloat, ...] = Field(
        (10.0, 1.0), min_length=1, title="Weight decay", description="draws weights towards zero; inner folds choose"
    )
    dropout: NonNegativeFloat = Field(0.2, lt=1, title="Dropout", description="share of units left out in each epoch")
    learning_rate: PositiveFloat = Field(0.01, title="Step", description="of the first epoch; it falls to 0")
    epochs: PositiveInt = Field(150, title="Epochs", description="how often all cases are seen")
    loss: Literal["cross_entropy", "hinge"] = Field(
        "cross_entropy", title="Loss", description="hinge: for two classes alone; of a number it is the squared error"
    )

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedNetwork:
        """Raises ValueError where all cases are of one class, FitError for a hinge of more than two."""
        return fit_network(
            rows,
            target,
            kind=self.kind,
            hinge=self.loss == "hinge",
            hidden=(self.width,) * self.depth,
            skips=True,
            dropout=self.dropout,
            weight_decay=self.weight_decay[0],
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            seed=seed,
        )
