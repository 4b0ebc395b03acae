"""Multilayer perceptron."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from tasks.modelling.models.model import CLEANED, Model, Settings
from tasks.modelling.networks import FittedNetwork, fit_network
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target


class MultilayerPerceptron(Model):
    """Perceptron with one or two hidden layers of rectified linear units (torch); the score is the log odds, or the value.

    Fitted to all training cases in every epoch, with dropout and weight decay. loss: cross_entropy, or the squared hinge for two
    classes, whose score is a margin, no log odds (Tang, arXiv:1306.0239). Columns have no weights.
    Rumelhart et al., Nature 1986;323:533.
    """

    kind: Literal["multilayer_perceptron"] = "multilayer_perceptron"
    endpoints: ClassVar[frozenset[str]] = frozenset({"binary", "multiclass", "multilabel", "ordinal", "continuous"})
    steps: ClassVar[tuple[Settings, ...]] = (*CLEANED, {"kind": "screen", "k": (30,)})
    tuned: ClassVar[tuple[str, ...]] = ("weight_decay",)
    hidden: tuple[PositiveInt, ...] = Field((16,), min_length=1, title="Hidden layers", description="units of each")
    weight_decay: tuple[NonNegativeFloat, ...] = Field(
        (1.0, 0.1), min_length=1, title="Weight decay", description="draws weights towards zero; inner folds choose"
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
            hidden=self.hidden,
            skips=False,
            dropout=self.dropout,
            weight_decay=self.weight_decay[0],
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            seed=seed,
        )
