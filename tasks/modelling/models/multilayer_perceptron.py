"""Multilayer perceptron."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, PositiveInt

from features.core.kinds.compared import Compared
from tasks.modelling.networks import ColumnNetwork


class MultilayerPerceptron(ColumnNetwork):
    """Perceptron with one or two hidden layers of rectified linear units (torch); the score is the log odds, or the value.

    Fitted to all training cases in every epoch, with dropout and weight decay. loss: cross_entropy, or the squared hinge for two
    classes, whose score is a margin, no log odds (Tang, arXiv:1306.0239). Columns have no weights.
    Rumelhart et al., Nature 1986;323:533.
    """

    kind: Literal["multilayer_perceptron"] = "multilayer_perceptron"
    compared: ClassVar[Compared] = Compared(
        "a bare loop of torch on WORC-Lipo", "1e-3", "tasks/modelling/models/test_multilayer_perceptron.py"
    )
    hidden: tuple[PositiveInt, ...] = Field((16,), min_length=1, title="Hidden layers", description="units of each")

    @property
    def layers(self) -> tuple[int, ...]:
        return self.hidden
