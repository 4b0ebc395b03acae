"""Residual network of columns."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, NonNegativeFloat, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.networks import ColumnNetwork


class ResidualNetwork(ColumnNetwork):
    """A deeper network of columns (torch): layers of one width, each of which adds to what it is given.

    depth: hidden layers; the score and the loss are those of multilayer_perceptron, as is how it is fitted. Columns have no
    weights. He et al., CVPR 2016; Gorishniy et al., NeurIPS 2021.
    """

    kind: Literal["residual_network"] = "residual_network"
    compared: ClassVar[Compared] = Compared(
        "a bare loop of torch on WORC-Lipo", "1e-3", "tasks/modelling/models/test_multilayer_perceptron.py"
    )
    skips: ClassVar[bool] = True
    weight_decay: tuple[NonNegativeFloat, ...] = Field(
        (10.0, 1.0), min_length=1, title="Weight decay", description="draws weights towards zero; inner folds choose"
    )
    depth: PositiveInt = Field(4, ge=2, title="Depth", description="hidden layers")
    width: PositiveInt = Field(32, title="Width", description="units of each hidden layer")

    @property
    def layers(self) -> tuple[int, ...]:
        return (self.width,) * self.depth
