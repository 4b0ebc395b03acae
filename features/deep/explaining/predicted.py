"""Predicted: a score by a model that knows nothing of torch, with its slopes. It is imported only where torch is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Predict = Callable[
    [Floats], Floats
]  # (m, k) features of what is explained, all else as it is → (m,) scores of the case with them
STEP = 1e-3  # of a slope of a model, as a share of the size of the features


class Predicted(torch.autograd.Function):  # type: ignore[misc]
    """The score of features, by a model that knows nothing of torch: its slopes are measured by small steps to both sides."""

    @staticmethod
    def forward(ctx: Any, features: torch.Tensor, predict: Predict, used: NDArray[np.bool_]) -> torch.Tensor:
        ctx.own, ctx.predict, ctx.used = features.detach().double().cpu().numpy(), predict, used
        return features.new_tensor(float(predict(ctx.own[None])[0]))

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        slopes = model_slopes(ctx.own, ctx.predict, ctx.used)
        return upstream * torch.from_numpy(slopes).to(upstream), None, None


def model_slopes(features: Floats, predict: Predict, used: NDArray[np.bool_]) -> Floats:
    """(k,): how the score changes with each of the numbers that it looks at, 0 of the others."""
    places = np.flatnonzero(used)
    found = np.zeros(len(features))
    known = features[np.isfinite(features)]
    if not len(places) or not known.size:
        return found
    step = STEP * (float(np.sqrt((known**2).mean())) or 1.0)
    rows = np.repeat(features[None], 2 * len(places), axis=0)
    rows[np.arange(len(places)), places] += step
    rows[len(places) + np.arange(len(places)), places] -= step
    scores = predict(rows)
    found[places] = (scores[: len(places)] - scores[len(places) :]) / (2 * step)
    return found
