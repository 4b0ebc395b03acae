"""Networks of columns: layers that torch fits to all training cases at once, and what they say, by numpy.

Fitted in 32-bit floats on one thread of a processor, whose seed is given; predicted from the arrays in 64-bit floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from features.core.errors import MachineError
from tasks.modelling.solvers.kernels import linear

Floats = NDArray[np.float64]
QUIET = 0.1  # so that what layers with a skip add, and what the last one says, begins near 0

Loss = Literal["logistic", "softmax", "squared", "hinge"]
TorchLoss = Callable[[Any, Any], Any]  # of torch and what the last layer gives, (n, out): what is minimised


@dataclass(frozen=True, eq=False)
class Layers:
    """weights, biases: of each layer, (out, in) and (out,). With skips, what enters a layer between the first and the last is
    added to what leaves it."""

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    skips: bool

    def predict(self, X: Floats) -> Floats:
        """What the last layer gives, (n, out). X: (n, p)."""
        found = X
        last = len(self.weights) - 1
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            given = linear(found, weight) + bias
            if i == last:
                return given
            given = np.maximum(given, 0.0)
            found = found + given if self.skips and i > 0 else given
        return found


def train_layers(
    X: Floats,
    wanted: Floats,
    *,
    loss: Loss,
    hidden: Sequence[int],
    skips: bool,
    dropout: float,
    weight_decay: float,
    learning_rate: float,
    epochs: int,
    seed: int,
) -> Layers:
    """Layers fitted by minimise_loss to what is wanted of each case.

    wanted: (n, m): 0 and 1 of flags or labels (logistic, hinge), of classes (softmax), or numbers of spread about 1 (squared). The
    hinge loss is the squared one, for margins of 1. Tang, arXiv:1306.0239.
    """

    goal = np.asarray(wanted, np.float32)

    def lost(torch: Any, told: Any) -> Any:
        return _loss(torch, loss, told, torch.from_numpy(goal))

    return minimise_loss(
        X,
        lost,
        outputs=wanted.shape[1],
        hidden=hidden,
        skips=skips,
        dropout=dropout,
        weight_decay=weight_decay,
        learning_rate=learning_rate,
        epochs=epochs,
        seed=seed,
    )


def minimise_loss(
    X: Floats,
    loss: TorchLoss,
    *,
    outputs: int,
    hidden: Sequence[int],
    skips: bool,
    dropout: float,
    weight_decay: float,
    learning_rate: float,
    epochs: int,
    seed: int,
    penalty: float = 0.0,
) -> Layers:
    """Layers of rectified linear units fitted by AdamW, every epoch to all cases, with a step that falls to 0 by a cosine.

    X: (n, p) of columns of spread about 1. outputs: how many numbers the last layer gives. dropout: the share of units that each
    epoch leaves out after every hidden layer. penalty: on half of the squares of weights, in the loss; unlike the decay, which
    makes all weights as large as the step over it where every epoch sees all cases, it lets strong columns have more than
    weak ones. Raises ArithmeticError where the loss is not finite, MachineError without
    torch. Loshchilov & Hutter, ICLR 2019.
    """
    torch = _torch()
    rng = np.random.default_rng(seed)
    sizes = [X.shape[1], *hidden, outputs]
    with _alone(torch, int(rng.integers(2**31))):
        inputs = torch.tensor(np.asarray(X), dtype=torch.float32)
        parameters = []
        for place, (given, made) in enumerate(pairwise(sizes)):
            spread = (2.0 / given) ** 0.5  # He et al., ICCV 2015
            if place == len(hidden) or (skips and place > 0):
                spread *= QUIET
            weight = torch.tensor(rng.normal(0.0, spread, (made, given)), dtype=torch.float32, requires_grad=True)
            parameters += [weight, torch.zeros(made, requires_grad=True)]
        decays = [
            {"params": parameters[0::2], "weight_decay": weight_decay},
            {"params": parameters[1::2], "weight_decay": 0.0},
        ]
        optimiser = torch.optim.AdamW(decays, lr=learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
        left = float("nan")
        for _ in range(epochs):
            optimiser.zero_grad()
            lost = loss(torch, _forward(torch, inputs, parameters, skips, dropout))
            if penalty > 0.0:
                lost = lost + 0.5 * penalty * sum(one.square().sum() for one in parameters[0::2])
            lost.backward()
            optimiser.step()
            schedule.step()
            left = float(lost.detach())
        arrays = [one.detach().numpy().astype(np.float64) for one in parameters]
    if not (np.isfinite(left) and all(np.isfinite(one).all() for one in arrays)):
        raise ArithmeticError(
            f"network: the loss is {left} after {epochs} epochs; scale the columns, or lower the step"
        )
    return Layers(tuple(arrays[0::2]), tuple(arrays[1::2]), skips)


def _forward(torch: Any, found: Any, parameters: list[Any], skips: bool, dropout: float) -> Any:
    last = len(parameters) // 2 - 1
    for i in range(last + 1):
        given = torch.nn.functional.linear(found, parameters[2 * i], parameters[2 * i + 1])
        if i == last:
            return given
        given = torch.nn.functional.dropout(torch.relu(given), dropout)
        found = found + given if skips and i > 0 else given
    return found


def _loss(torch: Any, loss: Loss, told: Any, goal: Any) -> Any:
    if loss == "logistic":
        return torch.nn.functional.binary_cross_entropy_with_logits(told, goal)
    if loss == "softmax":
        return torch.nn.functional.cross_entropy(told, goal)
    if loss == "hinge":
        return torch.clamp(1.0 - (2.0 * goal - 1.0) * told, min=0.0).square().mean()
    return (told - goal).square().mean()


def _torch() -> Any:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise MachineError("networks of columns need the package torch: pip install torch") from error
    return torch


@contextmanager
def _alone(torch: Any, seed: int) -> Iterator[None]:
    """One thread, and random numbers of a seed, which leave those of others as they were."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
